//===- Roles.h - what a part of a model is for ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_MODEL_ROLES_H
#define XLSTM_MODEL_ROLES_H

#include <compare>
#include <cstdint>

namespace xlstm {

/// The parts of a teacher in the order in which they are computed; a family has some of them. Those of queries, keys
/// and values follow one another in that order.
enum class Role : uint8_t {
  Embedding,
  AttentionInputNorm,
  Query,
  Key,
  Value,
  QueryNorm, ///< over all channels; QueryHeadNorm over those of each head
  KeyNorm,
  QueryHeads,
  KeyHeads,
  ValueHeads,
  QueryHeadNorm,
  KeyHeadNorm,
  QueryRope,
  KeyRope,
  Attention,
  MergedHeads,
  Output,
  AttentionOutputNorm,
  AttentionSum,
  MlpInputNorm,
  Gate,
  Up,
  Swiglu,
  Down,
  MlpOutputNorm,
  MlpSum,
  FinalNorm,
  Head,
};

/// A stored tensor: the weight of a part, or its bias.
struct TensorRole {
  Role role;
  bool isBias = false;
  auto operator<=>(const TensorRole &) const = default;
};

/// What is said of biases: once for q, k and v, once for the output projection, once for the MLP.
template <typename T>
struct Biases {
  T qkv{}, output{}, mlp{};

  /// Null for a part that never has a bias.
  const T *find(Role role) const {
    bool isQkv = role == Role::Query || role == Role::Key || role == Role::Value;
    bool isMlp = role == Role::Gate || role == Role::Up || role == Role::Down;
    return isQkv ? &qkv : isMlp ? &mlp : role == Role::Output ? &output : nullptr;
  }
  T *find(Role role) { return const_cast<T *>(static_cast<const Biases *>(this)->find(role)); }
  bool operator==(const Biases &) const = default;
};

} // namespace xlstm

#endif // XLSTM_MODEL_ROLES_H
