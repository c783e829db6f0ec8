//===- Buckets.h - params side by side, in shards --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_BUCKETS_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_BUCKETS_H

#include "xlstm/Runtime/Distributed/Group.h"
#include "xlstm/Runtime/Evaluate/Program.h"

namespace xlstm {

/// A param's place in a bucket, and the piece of it that lies in this rank's shard.
struct BucketMember {
  std::string name;
  at::Tensor leaf;
  int64_t at = 0;             // in the bucket
  int64_t begin = 0, end = 0; // the piece, in elements of the param
  int64_t inShard = 0;        // where it lies there
  at::Tensor piece;           // of the shard; undefined where there is none
  bool hasGradient = false;   // once it has had one

  int64_t length() const { return end - begin; }
};

/// Params one behind the other, neighbours in the model. Every rank has all leaves, in the type in which the function
/// reads them, and a shard, one rank's part of the elements: what is trained, and its gradient summed over the ranks.
struct Bucket {
  std::vector<BucketMember> members;
  at::Tensor leaves;          // of all members, and zeros up to a whole number of shards
  at::Tensor shard, gradient; // float32 or wider

  /// What is made beside the shard.
  c10::TensorOptions options() const { return shard.options(); }
  /// Elements of the shard as those of a piece, with the number of dimensions of its param, by which AdamW tells what
  /// shrinks.
  static at::Tensor pieceOf(const at::Tensor &shard, const BucketMember &member);
};

/// `rounded`: the types of leaves that are not held as they are trained; `elements`: of a bucket, or more by less than
/// a param. Takes the params over, one after the other.
std::vector<Bucket> makeBuckets(const Group &group, ParamMap params,
                                const std::map<std::string, at::ScalarType> &rounded, int64_t elements);

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_BUCKETS_H
