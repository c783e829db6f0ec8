//===- ShardedTrainee.cpp - what a run trains, over several ranks ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Params lie one behind the other in buckets. Of each, every rank has all leaves, in the type in which the function
// reads them, and a shard, one rank's part of the elements: their float32 values, their gradients summed over the
// ranks, and their moments. A shard's elements are pieces of params, which AdamW takes for params.

#include "Trainee.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <deque>

namespace xlstm {
namespace {

/// Elements of a bucket, about: a collective of so many takes far longer than its beginning.
constexpr int64_t BucketElements = 1 << 26;
/// A shard's length is a multiple of this, so that all of them begin at whole lines of memory.
constexpr int64_t ShardMultiple = 64;
/// Buckets whose collective is under way at once; each holds a copy of its gradients in float32.
constexpr size_t AtOnce = 2;

/// A param's place in a bucket, and the piece of it that lies in this rank's shard.
struct Member {
  std::string name;
  at::Tensor leaf;
  int64_t at = 0;                  // in the bucket
  int64_t begin = 0, end = 0;      // the piece, in elements of the param
  int64_t inShard = 0;             // where it lies there
  at::Tensor piece;                // undefined where there is none
  bool hasGradient = false;        // in this step

  int64_t length() const { return end - begin; }
};

struct Bucket {
  std::vector<Member> members;
  at::Tensor leaves;   // all of them
  at::Tensor shard;    // what is trained of them
  at::Tensor gradient; // of the shard; undefined before the step's first part

  c10::TensorOptions trained() const { return shard.options(); }
};

/// The params of a bucket before it is made.
struct Batch {
  at::ScalarType read, trained;
  std::vector<std::pair<std::string, at::Tensor>> params;
  int64_t elements = 0;
};

} // namespace

/// With the number of dimensions of the param, by which AdamW tells what shrinks.
static at::Tensor asPiece(const at::Tensor &flat, const at::Tensor &leaf) {
  std::vector<int64_t> sizes(size_t(std::max<int64_t>(leaf.dim(), 1)), 1);
  sizes.back() = flat.numel();
  return flat.view(sizes);
}

static Bucket makeBucket(const Group &group, Batch batch) {
  int64_t multiple = ShardMultiple * group.size(), count = (batch.elements + multiple - 1) / multiple * multiple;
  int64_t length = count / group.size(), first = group.rank() * length, at = 0;
  auto options = batch.params.front().second.options();
  Bucket bucket{{},
                at::zeros({count}, options.dtype(batch.read)),
                at::zeros({length}, options.dtype(batch.trained)),
                at::Tensor()};
  for (auto &[name, param] : batch.params) {
    Member member;
    member.name = name;
    member.leaf = bucket.leaves.narrow(0, at, param.numel()).view(param.sizes()).detach();
    member.leaf.copy_(param);
    member.at = at;
    member.begin = std::clamp<int64_t>(first - at, 0, param.numel());
    member.end = std::clamp<int64_t>(first + length - at, 0, param.numel());
    member.inShard = at + member.begin - first;
    if (member.length() > 0) {
      at::Tensor flat = bucket.shard.narrow(0, member.inShard, member.length());
      flat.copy_(param.flatten().narrow(0, member.begin, member.length()));
      member.piece = asPiece(flat, member.leaf);
    }
    at += param.numel();
    param.reset();
    member.leaf.set_requires_grad(true);
    bucket.members.push_back(std::move(member));
  }
  return bucket;
}

/// "model.layers.2.…" and "model.layers.10.…" in the order of the layers, so that neighbours share a bucket.
static std::vector<std::string> inOrder(const ParamMap &params) {
  std::vector<std::pair<int64_t, std::string>> found;
  for (const auto &[name, param] : params) {
    size_t at = name.find("layers.");
    bool isLayer = at != name.npos && std::isdigit(static_cast<unsigned char>(name[at + 7]));
    found.emplace_back(isLayer ? std::strtoll(name.c_str() + at + 7, nullptr, 10) : -1, name);
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> names;
  for (auto &[layer, name] : found)
    names.push_back(std::move(name));
  return names;
}

namespace {

class ShardedTrainee : public Trainee {
public:
  ShardedTrainee(Group &group, ParamMap initial, const TrainTask &task, const AdamWOptions &options)
      : Trainee(task), group(group) {
    c10::NoGradGuard noGrad;
    std::map<std::pair<at::ScalarType, at::ScalarType>, Batch> open;
    auto close = [&](Batch &batch) {
      buckets.push_back(makeBucket(group, std::exchange(batch, Batch{batch.read, batch.trained, {}, 0})));
    };
    for (const std::string &name : inOrder(initial)) {
      at::Tensor param = std::move(initial.extract(name).mapped()).detach();
      at::ScalarType trained = c10::promoteTypes(param.scalar_type(), at::kFloat);
      auto rounded = task.rounded.find(name);
      at::ScalarType read = rounded == task.rounded.end() ? trained : rounded->second;
      Batch &batch = open.try_emplace({read, trained}, Batch{read, trained, {}, 0}).first->second;
      batch.elements += param.numel();
      batch.params.emplace_back(name, std::move(param));
      if (batch.elements >= BucketElements)
        close(batch);
    }
    for (auto &[types, batch] : open)
      if (!batch.params.empty())
        close(batch);
    for (const Bucket &bucket : buckets)
      for (const Member &member : bucket.members) {
        read[member.name] = member.leaf;
        if (member.piece.defined())
          pieces[member.name] = member.piece;
      }
    optimizer.emplace(pieces, options, task.added);
  }

  bool takesGradients() const override { return true; }

  void addGradients() override {
    c10::NoGradGuard noGrad;
    std::deque<Sum> sums;
    for (Bucket &bucket : buckets) {
      if (sums.size() == AtOnce)
        finish(sums);
      at::Tensor all = collect(bucket), part = at::empty({bucket.shard.numel()}, bucket.trained());
      sums.push_back({&bucket, part, group.reduceScatter(part, all)});
    }
    while (!sums.empty())
      finish(sums);
  }

  at::Tensor norm() override {
    c10::NoGradGuard noGrad;
    for (Bucket &bucket : buckets)
      for (Member &member : bucket.members)
        if (member.piece.defined() && member.hasGradient)
          member.piece.mutable_grad() =
              asPiece(bucket.gradient.narrow(0, member.inShard, member.length()), member.leaf);
    at::Tensor squares = gradientNorm(pieces).square().to(buckets.front().leaves.device());
    group.allReduce(squares);
    return squares.sqrt();
  }

  void step(int64_t t, Rates rates, const at::Tensor &divisor) override {
    optimizer->step(t, rates, divisor);
    for (Bucket &bucket : buckets) {
      bucket.gradient.reset();
      for (Member &member : bucket.members)
        member.hasGradient = false;
    }
    spread();
  }

  CheckpointState state() override {
    CheckpointState found = params("param/");
    std::map<std::string, at::Tensor> moments = optimizer->state();
    for (const Bucket &bucket : buckets)
      for (const Member &member : bucket.members)
        if (member.piece.defined())
          for (const char *kind : {"m/", "v/"})
            put(found, kind, member, moments.at(kind + member.name));
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
      at::Tensor whole = at::empty({bucket.leaves.numel()}, bucket.trained());
      group.allGather(whole, bucket.shard)->wait();
      if (group.isFirst()) // on the host: a device may be full
        for (const Member &member : bucket.members)
          all[member.name] = whole.narrow(0, member.at, member.leaf.numel()).view(member.leaf.sizes()).cpu().clone();
    }
    return all;
  }

private:
  /// A bucket's gradients on their way to its shard.
  struct Sum {
    Bucket *bucket;
    at::Tensor part;
    std::unique_ptr<Pending> pending;
  };

  /// The leaves' gradients in the type of the shard, zeros where there are none; takes them away.
  static at::Tensor collect(Bucket &bucket) {
    at::Tensor all = at::empty({bucket.leaves.numel()}, bucket.trained());
    int64_t end = 0;
    for (Member &member : bucket.members) {
      at::Tensor to = all.narrow(0, member.at, member.leaf.numel());
      end = member.at + member.leaf.numel();
      if (const at::Tensor &gradient = member.leaf.grad(); gradient.defined()) {
        to.copy_(gradient.flatten());
        member.hasGradient = true;
        member.leaf.mutable_grad().reset();
      } else {
        to.zero_();
      }
    }
    all.narrow(0, end, all.numel() - end).zero_();
    return all;
  }

  static void finish(std::deque<Sum> &sums) {
    Sum sum = std::move(sums.front());
    sums.pop_front();
    sum.pending->wait();
    at::Tensor &gradient = sum.bucket->gradient;
    gradient = gradient.defined() ? gradient.add_(sum.part) : sum.part;
  }

  /// Makes the leaves what the shards say.
  void spread() {
    c10::NoGradGuard noGrad;
    std::vector<std::unique_ptr<Pending>> pending;
    for (Bucket &bucket : buckets)
      pending.push_back(group.allGather(bucket.leaves, bucket.shard.to(bucket.leaves.scalar_type())));
    for (const std::unique_ptr<Pending> &one : pending)
      one->wait();
  }

  static void put(CheckpointState &state, const std::string &kind, const Member &member, const at::Tensor &piece) {
    state.tensors[kind + member.name] = piece.detach().flatten();
    state.slices[kind + member.name] = {member.leaf.sizes().vec(), member.begin, member.end};
  }

  CheckpointState params(const std::string &kind) {
    CheckpointState found;
    found.isSharded = true;
    for (const Bucket &bucket : buckets)
      for (const Member &member : bucket.members)
        if (member.piece.defined())
          put(found, kind, member, member.piece);
    return found;
  }

  Group &group;
  std::vector<Bucket> buckets;
  ParamMap pieces; // of all shards, by the params' names
};

} // namespace

std::unique_ptr<Trainee> makeSharded(Group &group, ParamMap initial, const TrainTask &task,
                                     const AdamWOptions &options) {
  return std::make_unique<ShardedTrainee>(group, std::move(initial), task, options);
}

} // namespace xlstm
