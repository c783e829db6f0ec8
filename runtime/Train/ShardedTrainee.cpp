//===- ShardedTrainee.cpp - what a run trains, over several ranks ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Reducer.h"
#include "Trainee.h"

#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>

namespace xlstm {
namespace {

/// The optimizer takes the pieces of this rank's shards for params.
class ShardedTrainee : public Trainee {
public:
  ShardedTrainee(Group &group, ParamMap initial, const TrainTask &task, const TrainOptions &options)
      : group(group), buckets(makeBuckets(group, std::move(initial), task.rounded, options.bucket)),
        reducer(group, buckets) {
    for (const Bucket &bucket : buckets)
      for (const BucketMember &member : bucket.members) {
        read[member.name] = member.leaf;
        if (member.piece.defined())
          pieces[member.name] = member.piece;
      }
    optimizer.emplace(pieces, options.adamw, task.added);
  }

  void clearGradients() override {
    Trainee::clearGradients();
    for (Bucket &bucket : buckets)
      bucket.gradient.zero_();
  }
  void addGradients() override { reducer.finish(); }
  bool isRecorded() const override { return reducer.overlaps(); }
  void forgetGradients() override { reducer.forget(); }

  at::Tensor norm() override {
    c10::NoGradGuard noGrad;
    for (Bucket &bucket : buckets)
      for (BucketMember &member : bucket.members)
        if (member.piece.defined() && member.hasGradient)
          member.piece.mutable_grad() = Bucket::pieceOf(bucket.gradient, member);
    at::Tensor squares = gradientNorm(pieces).square().to(buckets.front().leaves.device());
    group.allReduce(squares);
    return squares.sqrt();
  }

  void step(int64_t t, Rates rates, const at::Tensor &divisor) override {
    optimizer->step(t, rates, divisor);
    spread();
  }

  CheckpointState state() override {
    CheckpointState found = params("param/");
    std::map<std::string, at::Tensor> moments = optimizer->state();
    forEachPiece([&](const BucketMember &member) {
      for (const char *kind : {"m/", "v/"})
        put(found, kind, member, moments.at(kind + member.name));
    });
    return found;
  }
  CheckpointState params() override { return params(""); }

  void restore(const std::map<std::string, at::Tensor> &tensors) override {
    c10::NoGradGuard noGrad;
    std::map<std::string, at::Tensor> moments;
    for (const auto &[name, piece] : pieces) {
      piece.copy_(tensors.at("param/" + name).view(piece.sizes()));
      for (const char *kind : {"m/", "v/"})
        moments[kind + name] = tensors.at(kind + name).view(piece.sizes());
    }
    optimizer->restore(moments);
    spread();
  }

  ParamMap values() override {
    c10::NoGradGuard noGrad;
    ParamMap all;
    for (const Bucket &bucket : buckets) {
      at::Tensor whole = at::empty({bucket.leaves.numel()}, bucket.options());
      group.allGather(whole, bucket.shard)->wait();
      if (group.isFirst()) // on the host: a device may be full
        for (const BucketMember &member : bucket.members)
          all[member.name] = whole.narrow(0, member.at, member.leaf.numel()).view(member.leaf.sizes()).cpu().clone();
    }
    return all;
  }

private:
  /// Makes the leaves what the shards say.
  void spread() {
    c10::NoGradGuard noGrad;
    std::vector<std::unique_ptr<Pending>> pending;
    for (Bucket &bucket : buckets)
      pending.push_back(group.allGather(bucket.leaves, bucket.shard.to(bucket.leaves.scalar_type())));
    for (const std::unique_ptr<Pending> &one : pending)
      one->wait();
  }

  template <typename Use>
  void forEachPiece(Use use) const {
    for (const Bucket &bucket : buckets)
      for (const BucketMember &member : bucket.members)
        if (member.piece.defined())
          use(member);
  }

  static void put(CheckpointState &state, const std::string &kind, const BucketMember &member,
                  const at::Tensor &piece) {
    state.tensors[kind + member.name] = piece.detach().flatten();
    state.slices[kind + member.name] = {member.leaf.sizes().vec(), member.begin, member.end};
  }

  CheckpointState params(const std::string &kind) const {
    CheckpointState found;
    found.isSharded = true;
    forEachPiece([&](const BucketMember &member) { put(found, kind, member, member.piece); });
    return found;
  }

  Group &group;
  std::vector<Bucket> buckets;
  Reducer reducer;
  ParamMap pieces; // of all shards, by the params' names
};

} // namespace

std::unique_ptr<Trainee> makeSharded(Group &group, ParamMap initial, const TrainTask &task,
                                     const TrainOptions &options) {
  return std::make_unique<ShardedTrainee>(group, std::move(initial), task, options);
}

} // namespace xlstm
