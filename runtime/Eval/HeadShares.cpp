//===- HeadShares.cpp - what a set of heads costs -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/HeadShares.h"

#include "xlstm/Support/Error.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

namespace xlstm {

static std::string shareName(int64_t layer) {
  return "model.layers." + std::to_string(layer) + ".self_attn.head_share";
}

HeadShares::HeadShares(const Program &program, const ParamMap &params, int64_t queriesOfKey)
    : program(program), params(params) {
  at::Device device = params.begin()->second.device();
  for (auto &[name, share] : initialParams(program.function("model")))
    this->params[name] = share.to(device);
  for (int64_t layer = 0; layer < program.function("model").numLayers; ++layer) {
    auto share = this->params.find(shareName(layer));
    int64_t queries = share == this->params.end() ? 0 : share->second.numel();
    for (int64_t head = 0; head < queries / queriesOfKey; ++head) {
      all.push_back({layer, head, {}});
      for (int64_t i = 0; i < queriesOfKey; ++i)
        all.back().queries.push_back(head * queriesOfKey + i);
    }
  }
  if (all.empty())
    fail("the teacher has no head of full attention to rank");
}

void HeadShares::setShares(const std::vector<double> &shareOfHead) {
  std::map<int64_t, std::vector<float>> shares;
  for (size_t i = 0; i < all.size(); ++i)
    shares[all[i].layer].insert(shares[all[i].layer].end(), all[i].queries.size(), float(shareOfHead[i]));
  for (auto &[layer, values] : shares) {
    at::Tensor &share = params.at(shareName(layer));
    share = at::from_blob(values.data(), {int64_t(values.size())}, at::kFloat).clone().to(share.device());
  }
}

RowScore HeadShares::score(const PackedText &text, const std::vector<size_t> &kept) {
  std::vector<double> shares(all.size(), 0);
  for (size_t head : kept)
    shares[head] = 1;
  setShares(shares);
  return scoreRows(program, params, text);
}

std::vector<double> HeadShares::gains(const PackedText &text, double share) {
  setShares(std::vector<double>(all.size(), share));
  for (auto &[name, tensor] : params)
    if (name.ends_with(".head_share"))
      tensor.requires_grad_(true);
  for (const TextBatch &batch : makeBatches(text, program.function("model").results.at(0).shape.back())) {
    at::Tensor logits_BTV = program.run("model", {batch.ids_BT, batch.docs_BT}, params).at(0);
    negativeLogLikelihood(logits_BTV, batch.labels_BT).backward();
  }
  std::map<int64_t, std::vector<float>> gradients;
  std::vector<double> gains;
  for (const KeyHead &head : all) {
    std::vector<float> &gradient = gradients[head.layer];
    if (gradient.empty()) {
      at::Tensor values = params.at(shareName(head.layer)).grad().cpu().contiguous();
      gradient.assign(values.data_ptr<float>(), values.data_ptr<float>() + values.numel());
    }
    double sum = 0;
    for (int64_t query : head.queries)
      sum -= gradient[size_t(query)];
    gains.push_back(sum / double(std::max<int64_t>(text.tokens, 1)));
  }
  return gains;
}

} // namespace xlstm
