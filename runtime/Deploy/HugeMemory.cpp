//===- HugeMemory.cpp - memory in large pages ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/HugeMemory.h"
#include "xlstm/Support/Error.h"

#include <fstream>
#include <string>
#include <sys/mman.h>

namespace xlstm {

constexpr size_t pageBytes = size_t{2} << 20;

HugeMemory::HugeMemory(uint64_t bytes) : length((bytes + pageBytes) / pageBytes * pageBytes) {
  // What lies in front of the first large page and behind the last is given back.
  void *found = mmap(nullptr, length + pageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (found == MAP_FAILED)
    fail("not enough memory: ", bytes, " bytes are needed");
  char *begin = static_cast<char *>(found);
  size_t before = (pageBytes - reinterpret_cast<uintptr_t>(begin) % pageBytes) % pageBytes;
  memory = begin + before;
  if (before)
    munmap(begin, before);
  munmap(memory + length, pageBytes - before);
  madvise(memory, length, MADV_HUGEPAGE); // small pages are as good, only slower
}

HugeMemory::~HugeMemory() { munmap(memory, length); }

bool HugeMemory::isWorthACopy(uint64_t bytes) {
  std::string line;
  std::ifstream policy("/sys/kernel/mm/transparent_hugepage/enabled");
  if (!std::getline(policy, line) || line.find("[never]") != line.npos)
    return false;
  std::ifstream info("/proc/meminfo");
  for (std::string name; info >> name && std::getline(info, line);)
    if (name == "MemAvailable:")
      return std::stoull(line) * 1024 / 2 > bytes;
  return false;
}

} // namespace xlstm
