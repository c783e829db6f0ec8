//===- Buckets.cpp - params side by side, in shards ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Buckets.h"

#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>

namespace xlstm {

/// A shard's length is a multiple of this, so that all of them begin at whole lines of memory.
static constexpr int64_t ShardMultiple = 64;

namespace {

/// The params of a bucket before it is made.
struct Params {
  at::ScalarType read, trained;
  std::vector<std::pair<std::string, at::Tensor>> all = {};
  int64_t elements = 0;
};

} // namespace

at::Tensor Bucket::pieceOf(const at::Tensor &shard, const BucketMember &member) {
  std::vector<int64_t> sizes(size_t(std::max<int64_t>(member.leaf.dim(), 1)), 1);
  sizes.back() = member.length();
  return shard.narrow(0, member.inShard, member.length()).view(sizes);
}

static Bucket makeBucket(const Group &group, Params params) {
  int64_t multiple = ShardMultiple * group.size(), count = (params.elements + multiple - 1) / multiple * multiple;
  int64_t length = count / group.size(), first = group.rank() * length, at = 0;
  c10::TensorOptions options = params.all.front().second.options();
  Bucket bucket{{},
                at::zeros({count}, options.dtype(params.read)),
                at::zeros({length}, options.dtype(params.trained)),
                at::zeros({length}, options.dtype(params.trained))};
  for (auto &[name, param] : params.all) {
    BucketMember member;
    member.name = name;
    member.leaf = bucket.leaves.narrow(0, at, param.numel()).view(param.sizes()).detach();
    member.leaf.copy_(param);
    member.leaf.set_requires_grad(true);
    member.at = at;
    member.begin = std::clamp<int64_t>(first - at, 0, param.numel());
    member.end = std::clamp<int64_t>(first + length - at, 0, param.numel());
    member.inShard = at + member.begin - first;
    if (member.length() > 0) {
      bucket.shard.narrow(0, member.inShard, member.length())
          .copy_(param.flatten().narrow(0, member.begin, member.length()));
      member.piece = Bucket::pieceOf(bucket.shard, member);
    }
    at += param.numel();
    param.reset();
    bucket.members.push_back(std::move(member));
  }
  return bucket;
}

/// "model.layers.2.…" and "model.layers.10.…" in the order of the layers, others before them: neighbours' gradients
/// come at about the same time.
static std::vector<std::string> inOrder(const ParamMap &params) {
  std::vector<std::pair<int64_t, std::string>> found;
  for (const auto &[name, param] : params) {
    constexpr std::string_view word = "layers.";
    size_t at = name.find(word);
    bool isLayer = at != name.npos && std::isdigit(static_cast<unsigned char>(name[at + word.size()]));
    found.emplace_back(isLayer ? std::strtoll(name.c_str() + at + word.size(), nullptr, 10) : -1, name);
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> names;
  for (auto &[layer, name] : found)
    names.push_back(std::move(name));
  return names;
}

std::vector<Bucket> makeBuckets(const Group &group, ParamMap params,
                                const std::map<std::string, at::ScalarType> &rounded, int64_t elements) {
  c10::NoGradGuard noGrad;
  std::vector<Bucket> buckets;
  std::map<std::pair<at::ScalarType, at::ScalarType>, Params> open;
  auto close = [&](Params &batch) {
    buckets.push_back(makeBucket(group, std::exchange(batch, Params{batch.read, batch.trained})));
  };
  for (const std::string &name : inOrder(params)) {
    at::Tensor param = params.extract(name).mapped().detach();
    at::ScalarType trained = c10::promoteTypes(param.scalar_type(), at::kFloat);
    auto found = rounded.find(name);
    at::ScalarType read = found == rounded.end() ? trained : found->second;
    Params &batch = open.try_emplace({read, trained}, Params{read, trained}).first->second;
    batch.elements += param.numel();
    batch.all.emplace_back(name, std::move(param));
    if (batch.elements >= elements)
      close(batch);
  }
  for (auto &[types, batch] : open)
    if (!batch.all.empty())
      close(batch);
  return buckets;
}

} // namespace xlstm
