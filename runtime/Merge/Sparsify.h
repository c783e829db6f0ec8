//===- Sparsify.h - which elements of a difference stay -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_MERGE_SPARSIFY_H
#define XLSTM_RUNTIME_MERGE_SPARSIFY_H

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace xlstm {

/// Sets elements of a tensor's difference to 0 and scales the others, piece by piece from the first element on.
class Mask {
public:
  /// Keeps all as they are.
  Mask() = default;
  /// DARE: keeps each with probability `density`. Whether element n stays depends on `key` and n alone.
  static Mask random(double density, uint64_t key);
  /// TIES: keeps the `count` of greatest magnitude, of equal ones the first. `visit` calls its argument with all pieces
  /// of the difference; it is called twice.
  using Piece = std::span<const double>;
  static Mask largest(uint64_t count, const std::function<void(const std::function<void(Piece)> &)> &visit);

  void apply(std::span<double> piece);
  /// From the first element again, with what is kept multiplied by `factor`.
  Mask scaled(double factor) const;

private:
  bool keeps(double value);

  enum class Kind { All, Random, Largest } kind = Kind::All;
  double density = 1, factor = 1;
  uint64_t key = 0, next = 0;          // next: the element that comes
  uint32_t bound = 0;                  // bits of the least magnitude that is kept
  uint64_t equalsKept = 0, equals = 0; // of those of that magnitude: how many are kept, and how many came
};

/// The key of a tensor's random mask: the low half of XXH3-128 of "SEED/MODEL/TENSOR", MODEL counted from 0.
uint64_t maskKey(int64_t seed, size_t model, const std::string &tensor);

} // namespace xlstm

#endif // XLSTM_RUNTIME_MERGE_SPARSIFY_H
