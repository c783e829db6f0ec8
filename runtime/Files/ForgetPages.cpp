//===- ForgetPages.cpp - give back what a mapping has read ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/ForgetPages.h"

#include <cstdint>
#include <sys/mman.h>
#include <unistd.h>

void xlstm::forgetPages(std::span<const std::byte> bytes) {
  uintptr_t page = uintptr_t(::sysconf(_SC_PAGESIZE)), begin = reinterpret_cast<uintptr_t>(bytes.data());
  uintptr_t first = (begin + page - 1) / page * page, end = (begin + bytes.size()) / page * page;
  if (first < end) // whole pages alone; what cannot be given back only takes memory
    ::madvise(reinterpret_cast<void *>(first), end - first, MADV_DONTNEED);
}
