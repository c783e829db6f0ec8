//===- Reducer.h - gradients on their way to their shards ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_REDUCER_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_REDUCER_H

#include "Buckets.h"

#include <deque>

namespace xlstm {

/// Adds the gradients of every backward to those of the buckets' shards, summed over the ranks, and takes them from
/// the leaves. The sum of a bucket begins when its last leaf has its gradient, while the backward goes on, in an order
/// that rank 0 has found at the first backward: the same on every rank. All of it is work of a device alone, from the
/// second backward on, and may be recorded as a graph.
class Reducer {
public:
  /// `buckets` stay where they are.
  Reducer(Group &group, std::vector<Bucket> &buckets);
  ~Reducer();
  Reducer(const Reducer &) = delete;

  /// Behind a backward, or instead of one.
  void finish();
  /// Instead of finish(), where the backward did not come to its end.
  void forget();
  /// Whether sums begin before the backward's end, as they do unless XLSTM_OVERLAP=0 is in the environment: to measure
  /// what that brings, and where a device cannot record collectives.
  bool overlaps() const { return isOverlapping; }

private:
  class Hook;
  /// The sum of a bucket that is under way.
  struct Sum {
    Bucket *bucket;
    at::Tensor part;
    std::unique_ptr<Pending> pending;
  };
  /// Sums that are under way at once; each holds a copy of its bucket's gradients in the type of the shard.
  static constexpr size_t AtOnce = 2;

  void arrived(size_t bucket);
  void learn();
  void begin(Bucket &bucket);
  void finishOne();

  Group &group;
  std::vector<Bucket> &buckets;
  bool isOverlapping;
  std::vector<size_t> order;           // of buckets; empty before the first backward's end
  std::vector<int64_t> here, expected; // gradients of each bucket
  std::vector<int64_t> last;           // when each bucket's last one came, in the first backward
  int64_t ticks = 0;
  size_t next = 0; // in `order`: what has not begun
  std::deque<Sum> sums;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_REDUCER_H
