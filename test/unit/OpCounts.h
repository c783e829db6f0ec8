//===- OpCounts.h - which of ATen's ops a piece of code calls --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TEST_UNIT_OPCOUNTS_H
#define XLSTM_TEST_UNIT_OPCOUNTS_H

#include <ATen/record_function.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace xlstm::test {

/// Counts the ops that this thread calls while the object lives, by name: "aten::silu". One at a time.
class OpCounts {
public:
  OpCounts() {
    current = this;
    auto callback = at::RecordFunctionCallback(&OpCounts::enter, &OpCounts::leave).needsInputs(true);
    handle =
        at::addThreadLocalCallback(callback.scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION}));
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
  /// Calls that would wait for a device if the tensors were there: a number that the host reads, a size that depends on
  /// values, a copy to the host.
  int64_t waits() const { return waited; }

private:
  struct Open : at::ObserverContext {};

  static std::unique_ptr<at::ObserverContext> enter(const at::RecordFunction &call) {
    if (!current)
      return nullptr;
    current->add(call);
    current->open.emplace_back(call.name());
    return std::make_unique<Open>();
  }
  static void leave(const at::RecordFunction &, at::ObserverContext *context) {
    if (context && current && !current->open.empty())
      current->open.pop_back();
  }

  void add(const at::RecordFunction &call) {
    static const std::set<std::string> reads = {"aten::_local_scalar_dense", "aten::nonzero", "aten::masked_select",
                                                "aten::equal", "aten::_unique2"};
    std::string name = call.name();
    ++counts[name];
    // The CPU's kernel reads the optimizer's scalars, CUDA's does not; a gradient goes where its value was.
    for (const std::string &outer : open)
      if (outer == "aten::_fused_adamw_" || outer == "ToCopyBackward0")
        return;
    waited += reads.contains(name);
    if (name == "aten::to")
      for (const c10::IValue &input : call.inputs())
        waited += input.isDevice() && input.toDevice().is_cpu();
  }

  inline static thread_local OpCounts *current = nullptr;
  std::vector<std::string> open; // calls that have not ended
  std::map<std::string, int64_t> counts;
  int64_t waited = 0;
  at::CallbackHandle handle;
};

} // namespace xlstm::test

#endif // XLSTM_TEST_UNIT_OPCOUNTS_H
