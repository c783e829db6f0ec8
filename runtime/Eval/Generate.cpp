//===- Generate.cpp - greedy text with explicit state ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Eval/Generate.h"
#include "runtime/Eval/Parallel.h"
#include "runtime/Eval/Rows.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <numeric>

namespace xlstm {

namespace {

constexpr size_t mostRows = 64;
constexpr size_t promptBlock = 1024; // tokens of a prompt read at once: attention takes memory by its square

/// A teacher's keys are large, and each thread has a batch. A CPU computes as fast in few rows; a GPU waits for
/// launches unless there are many.
size_t rowsPerBatch(const Program &program, bool isGpu) {
  size_t bytes = 1, most = size_t{1} << (isGpu ? 30 : 28);
  for (const at::Tensor &state : program.initialState("decode", 1))
    bytes += state.nbytes();
  return std::clamp<size_t>(most / bytes, 1, mostRows);
}

/// Rows that decode together: what each has read and where its result goes.
struct DecodeBatch {
  std::vector<size_t> rows; // row of the result a batch row stands for
  at::Tensor pos_B, next_B1;
  std::vector<at::Tensor> states;
};

/// Reads the prompts `rows`, equally long ones together.
DecodeBatch readPrompts(const Program &program, const ParamMap &params, const std::vector<TokenIds> &prompts,
                        const std::vector<size_t> &rows) {
  DecodeBatch batch;
  std::vector<at::Tensor> positions, tokens;
  std::vector<std::vector<at::Tensor>> states;
  for (size_t first = 0, last = 0; first < rows.size(); first = last) {
    std::vector<const TokenIds *> group;
    while (last < rows.size() && prompts[rows[last]].size() == prompts[rows[first]].size())
      group.push_back(&prompts[rows[last++]]);
    Advanced out =
        advance(program, "prefill", params, stackRows(group, 0), startRows(program, "prefill", group.size()));
    positions.push_back(out.rows.pos_B);
    tokens.push_back(out.logits.select(1, -1).argmax(1, /*keepdim=*/true));
    states.push_back(std::move(out.rows.states));
  }
  batch.rows = rows;
  batch.pos_B = at::cat(positions);
  batch.next_B1 = at::cat(tokens);
  for (size_t s = 0; s < states.front().size(); ++s) {
    std::vector<at::Tensor> parts;
    for (const auto &group : states)
      parts.push_back(group[s]);
    batch.states.push_back(at::cat(parts));
  }
  return batch;
}

/// Writes the newest tokens to their rows; returns the batch rows that go on.
std::vector<int64_t> takeTokens(const DecodeBatch &batch, const GenerateOptions &options,
                                std::vector<TokenIds> &results) {
  std::vector<int64_t> open;
  at::Tensor next_B1 = batch.next_B1.cpu();
  const int64_t *next = next_B1.data_ptr<int64_t>();
  for (size_t b = 0; b < batch.rows.size(); ++b) {
    TokenIds &tokens = results[batch.rows[b]];
    int32_t token = int32_t(next[b]);
    if (std::find(options.ends.begin(), options.ends.end(), token) != options.ends.end())
      continue;
    tokens.push_back(token);
    bool full = int64_t(tokens.size()) >= options.newTokens;
    if (!full && !(options.finished && options.finished(batch.rows[b], tokens)))
      open.push_back(int64_t(b));
  }
  return open;
}

void keepRows(DecodeBatch &batch, const std::vector<int64_t> &open) {
  if (open.size() == batch.rows.size())
    return;
  at::Tensor index = at::tensor(open);
  std::vector<size_t> rows;
  for (int64_t b : open)
    rows.push_back(batch.rows[b]);
  batch.rows = std::move(rows);
  auto keep = [&](at::Tensor &x) { x = x.index_select(0, index.to(x.device())); };
  keep(batch.pos_B), keep(batch.next_B1);
  for (at::Tensor &state : batch.states)
    keep(state);
}

} // namespace

std::vector<TokenIds> generateGreedy(const Program &program, const ParamMap &params,
                                     const std::vector<TokenIds> &prompts, const GenerateOptions &options) {
  std::vector<TokenIds> results(prompts.size());
  if (options.newTokens < 1)
    return results;
  std::vector<size_t> order(prompts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return prompts[a].size() < prompts[b].size(); });
  bool isGpu = !params.empty() && params.begin()->second.is_cuda();
  size_t rowsAtOnce = rowsPerBatch(program, isGpu), batches = (order.size() + rowsAtOnce - 1) / rowsAtOnce;
  forEachParallel(batches, [&](size_t i) {
    std::vector<size_t> rows(order.begin() + order.size() * i / batches,
                             order.begin() + order.size() * (i + 1) / batches);
    DecodeBatch batch = readPrompts(program, params, prompts, rows);
    for (;;) {
      std::vector<int64_t> open = takeTokens(batch, options, results);
      if (open.empty())
        return;
      keepRows(batch, open);
      Advanced out = advance(program, "decode", params, batch.next_B1, {batch.pos_B, std::move(batch.states)});
      batch.pos_B = out.rows.pos_B;
      batch.states = std::move(out.rows.states);
      batch.next_B1 = out.logits.select(1, -1).argmax(1, /*keepdim=*/true);
    }
  });
  return results;
}

Generation::Generation(Program program, const ParamMap &params) : program(std::move(program)), params(params) {}
Generation::~Generation() = default;

std::span<float> Generation::keep(Advanced out) {
  rows = std::make_unique<ReadRows>(std::move(out.rows));
  logits_V = out.logits.select(1, -1).reshape({-1}).to(at::kCPU, at::kFloat).contiguous();
  return {logits_V.data_ptr<float>(), static_cast<size_t>(logits_V.numel())};
}

std::span<float> Generation::read(std::span<const int32_t> text) {
  TokenIds prompt(text.begin(), text.end());
  Advanced out{{}, startRows(program, "prefill", 1)};
  for (size_t first = 0; first < prompt.size(); first += promptBlock) {
    TokenIds block(prompt.begin() + long(first), prompt.begin() + long(std::min(first + promptBlock, prompt.size())));
    out = advance(program, "prefill", params, stackRows({&block}, 0), std::move(out.rows));
  }
  return keep(std::move(out));
}

std::span<float> Generation::readOne(int32_t id) {
  return keep(advance(program, "decode", params, at::full({1, 1}, id, at::kLong), std::move(*rows)));
}

} // namespace xlstm
