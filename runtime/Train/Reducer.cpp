//===- Reducer.cpp - gradients on their way to their shards ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Reducer.h"

#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <sstream>

namespace xlstm {

/// Called by the thread that runs a backward, which is one for all leaves, when a leaf has its gradient.
class Reducer::Hook : public torch::autograd::PostAccumulateGradHook {
public:
  Hook(Reducer &reducer, size_t bucket) : reducer(reducer), bucket(bucket) {}
  void operator()(const torch::autograd::Variable &) override { reducer.arrived(bucket); }

private:
  Reducer &reducer;
  size_t bucket;
};

Reducer::Reducer(Group &group, std::vector<Bucket> &buckets)
    : group(group), buckets(buckets), here(buckets.size()), expected(buckets.size()), last(buckets.size(), -1) {
  const char *asked = std::getenv("XLSTM_OVERLAP");
  isOverlapping = !asked || std::string_view(asked) != "0";
  for (size_t n = 0; n < buckets.size(); ++n)
    for (const BucketMember &member : buckets[n].members)
      torch::autograd::impl::set_post_acc_grad_hooks(member.leaf, std::make_unique<Hook>(*this, n));
}

Reducer::~Reducer() {
  for (const Bucket &bucket : buckets)
    for (const BucketMember &member : bucket.members)
      torch::autograd::impl::set_post_acc_grad_hooks(member.leaf, nullptr);
}

void Reducer::arrived(size_t bucket) {
  ++here[bucket];
  last[bucket] = ticks++;
  while (isOverlapping && next < order.size() && here[order[next]] == expected[order[next]])
    begin(buckets[order[next++]]);
}

/// What a backward leaves does not depend on its rows, so the first shows it.
void Reducer::learn() {
  expected = here;
  std::vector<size_t> mine(buckets.size());
  std::iota(mine.begin(), mine.end(), 0);
  std::ranges::stable_sort(mine, {}, [&](size_t bucket) { return last[bucket]; });
  std::string text;
  for (size_t bucket : mine)
    text += std::to_string(bucket) + " ";
  std::istringstream shared(group.share(text));
  for (size_t bucket; shared >> bucket;)
    order.push_back(bucket);
}

/// The leaves' gradients in the type of the shard, zeros where there are none; takes them away.
static at::Tensor collect(Bucket &bucket) {
  at::Tensor all = at::empty({bucket.leaves.numel()}, bucket.options());
  int64_t end = 0;
  for (BucketMember &member : bucket.members) {
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

void Reducer::begin(Bucket &bucket) {
  c10::NoGradGuard noGrad;
  if (sums.size() == AtOnce)
    finishOne();
  at::Tensor all = collect(bucket), part = at::empty({bucket.shard.numel()}, bucket.options());
  sums.push_back({&bucket, part, group.reduceScatter(part, all)});
}

void Reducer::finishOne() {
  Sum sum = std::move(sums.front());
  sums.pop_front();
  sum.pending->wait();
  sum.bucket->gradient.add_(sum.part);
}

void Reducer::finish() {
  c10::NoGradGuard noGrad;
  if (order.empty())
    learn();
  while (next < order.size())
    begin(buckets[order[next++]]);
  while (!sums.empty())
    finishOne();
  forget();
}

void Reducer::forget() {
  sums.clear();
  next = 0;
  std::ranges::fill(here, 0);
}

} // namespace xlstm
