//===- Tokens.h - tables that depend on tokens only -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Masks and rotation tables are the same in every layer; a run makes each once.

#ifndef XLSTM_RUNTIME_EVALUATE_TOKENS_H
#define XLSTM_RUNTIME_EVALUATE_TOKENS_H

#include <ATen/core/Tensor.h>

#include <any>
#include <map>
#include <string>
#include <tuple>
#include <utility>

namespace xlstm::evaluate {

class TokenTables {
public:
  /// What `make` returns for `source` and `key`, made at the first call.
  template <typename F>
  const auto &get(const at::Tensor &source, const std::string &key, F make) {
    auto [it, isNew] = tables.try_emplace({source.unsafeGetTensorImpl(), key});
    if (isNew)
      it->second = {source, make()};
    return std::any_cast<const decltype(make()) &>(it->second.second);
  }

  /// `tensor` of a device is a copy of `host`, of which all is known without waiting for the device.
  void addCopy(const at::Tensor &tensor, at::Tensor host) {
    hosts.insert_or_assign(tensor.unsafeGetTensorImpl(), std::pair(tensor, std::move(host)));
  }
  /// What `tensor` is a copy of, or itself.
  const at::Tensor &onHost(const at::Tensor &tensor) const {
    auto found = hosts.find(tensor.unsafeGetTensorImpl());
    return found == hosts.end() ? tensor : found->second.second;
  }

private:
  std::map<const void *, std::pair<at::Tensor, at::Tensor>> hosts;
  // The source is kept, so that its address stays its own.
  std::map<std::tuple<const void *, std::string>, std::pair<at::Tensor, std::any>> tables;
};

/// The tensor on a device, which nothing waits for: a GPU copies out of pinned memory behind what it does already.
at::Tensor bringTo(c10::Device device, const at::Tensor &tensor);

/// The least and the greatest of integers; 0 and -1 where there is none. Waits for a device only where the integers
/// were computed on it, or given there.
std::pair<int64_t, int64_t> rangeOf(const at::Tensor &integers, const TokenTables &tables);

/// docs [B, T] as int64. Throws Error where a document would begin below 0 or behind its own token.
const at::Tensor &documentStarts(const at::Tensor &docs_BT, TokenTables &tables);

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_TOKENS_H
