//===- OpCounts.h - which of ATen's ops a piece of code calls --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TEST_UNIT_OPCOUNTS_H
#define XLSTM_TEST_UNIT_OPCOUNTS_H

#include <ATen/record_function.h>

#include <map>
#include <string>

namespace xlstm::test {

/// Counts the ops that this thread calls while the object lives, by name: "aten::silu". One at a time.
class OpCounts {
public:
  OpCounts() {
    current = this;
    handle = at::addThreadLocalCallback(at::RecordFunctionCallback(&OpCounts::add).scopes({at::RecordScope::FUNCTION}));
  }
  ~OpCounts() {
    at::removeCallback(handle);
    current = nullptr;
  }
  OpCounts(const OpCounts &) = delete;
  OpCounts &operator=(const OpCounts &) = delete;

  int64_t of(const std::string &name) const {
    auto found = counts.find(name);
    return found == counts.end() ? 0 : found->second;
  }

private:
  static std::unique_ptr<at::ObserverContext> add(const at::RecordFunction &call) {
    if (current)
      ++current->counts[call.name()];
    return nullptr;
  }

  inline static thread_local OpCounts *current = nullptr;
  std::map<std::string, int64_t> counts;
  at::CallbackHandle handle;
};

} // namespace xlstm::test

#endif // XLSTM_TEST_UNIT_OPCOUNTS_H
