//===- Tokens.h - tables that depend on tokens only -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Masks and rotation tables are the same in every layer; a run makes each once. What is decided by tokens is decided on
// the host, where a batch is made: nobody waits for a device to know it.

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

  /// The tensor is a copy of `host`, which nobody changes.
  void keepHost(const at::Tensor &copy, const at::Tensor &host) { hosts[copy.unsafeGetTensorImpl()] = {copy, host}; }
  /// The values of an argument on the host. Fetched, which waits for the device, where nobody has said what they are.
  const at::Tensor &host(const at::Tensor &tensor);

private:
  std::map<const void *, std::pair<at::Tensor, at::Tensor>> hosts; // the copy and its origin
  // The source is kept, so that its address stays its own.
  std::map<std::tuple<const void *, std::string>, std::pair<at::Tensor, std::any>> tables;
};

/// The least and the greatest of integers; 0 and -1 where there is none. Waits for a device only where the integers
/// were computed on it, or given there.
std::pair<int64_t, int64_t> rangeOf(const at::Tensor &integers, TokenTables &tables);

/// docs [B, T] as int64, with its host() known. Throws Error where a document would begin below 0 or behind its own
/// token.
const at::Tensor &documentStarts(const at::Tensor &docs_BT, TokenTables &tables);

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_TOKENS_H
