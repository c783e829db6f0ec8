//===- Descriptor.h - a file descriptor that closes itself ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_INTERNAL_DESCRIPTOR_H
#define XLSTM_RUNTIME_FILES_INTERNAL_DESCRIPTOR_H

#include <unistd.h>

namespace xlstm {

struct Descriptor {
  int number;
  explicit Descriptor(int number) : number(number) {}
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  ~Descriptor() {
    if (number >= 0)
      ::close(number);
  }
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_INTERNAL_DESCRIPTOR_H
