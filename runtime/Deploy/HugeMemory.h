//===- HugeMemory.h - memory in large pages --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_DEPLOY_HUGEMEMORY_H
#define RUNTIME_DEPLOY_HUGEMEMORY_H

#include <cstddef>
#include <cstdint>

namespace xlstm {

/// Zeroed memory in pages of 2 MB where the system has them: what streams through a core is not held up by the walk to
/// each 4 KB page.
class HugeMemory {
public:
  /// Throws Error where there is not enough.
  explicit HugeMemory(uint64_t bytes);
  ~HugeMemory();
  HugeMemory(const HugeMemory &) = delete;
  HugeMemory &operator=(const HugeMemory &) = delete;

  char *data() const { return memory; }

  /// Whether the system gives large pages to who asks, and has so much memory that `bytes` may be copied into them.
  static bool isWorthACopy(uint64_t bytes);

private:
  char *memory;
  size_t length;
};

} // namespace xlstm

#endif // RUNTIME_DEPLOY_HUGEMEMORY_H
