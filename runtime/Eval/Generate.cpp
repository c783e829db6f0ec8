//===- Generate.cpp - text with explicit state ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Eval/Generate.h"
#include "runtime/Eval/Parallel.h"
#include "runtime/Eval/Rows.h"

#include "xlstm/Runtime/Text/Sampler.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <numeric>

namespace xlstm {

namespace {

constexpr size_t promptBlock = 1024; // tokens of a prompt read at once: attention takes memory by its square

/// A teacher's keys are large, and each thread has a batch. A CPU computes as fast in few rows; a GPU waits for
/// launches unless there are many.
size_t rowsPerBatch(const Program &program, size_t wanted, bool isGpu) {
  size_t bytes = 1, most = size_t{1} << (isGpu ? 30 : 28);
  for (const at::Tensor &state : program.initialState("decode", 1))
    bytes += state.nbytes();
  return std::clamp<size_t>(most / bytes, 1, wanted);
}

/// Rows that decode together: what each has read and where its result goes.
struct DecodeBatch {
  std::vector<size_t> rows; // row of the result a batch row stands for
  at::Tensor pos_B, next_B1;
  std::vector<at::Tensor> states;
  at::Tensor draws_BN; // a number of [0, 1) for each token that a row may get; undefined: the likeliest is taken
  int64_t chosen = 0;  // tokens of each row, the newest in next_B1
};

/// The first token at which the sum of probabilities, in the order of ids, is above the draw: as Sampler has it.
at::Tensor drawTokens(const at::Tensor &logits_BV, const at::Tensor &draw_B1, double temperature) {
  at::Tensor wide = logits_BV.to(at::kDouble);
  at::Tensor sums = wide.sub(wide.amax(1, /*keepdim=*/true)).div_(temperature).exp_().cumsum(1);
  int64_t last = sums.size(1) - 1;
  at::Tensor wanted = draw_B1.mul(sums.narrow(1, last, 1)).contiguous();
  return at::searchsorted(sums, wanted, /*out_int32=*/false, /*right=*/true).clamp_max_(last);
}

class Writing {
public:
  Writing(const Program &program, const ParamMap &params, const std::vector<TokenIds> &prompts,
          const GenerateOptions &options, std::vector<TokenIds> &results)
      : program(program), params(params), prompts(prompts), options(options), results(results) {
    how.type = options.type;
    const FunctionSpec &decode = program.function("decode");
    how.trustsIds = decode.arguments.at(0).below >= decode.results.at(0).shape.back();
  }

  /// Writes the rows behind the prompts of these numbers.
  void run(const std::vector<size_t> &rows) const {
    DecodeBatch batch = readPrompts(rows);
    for (;;) {
      std::vector<at::Tensor> chunk = {batch.next_B1};
      int64_t most = std::min(options.chunk, options.newTokens - batch.chosen + 1);
      while (int64_t(chunk.size()) < most) {
        decode(batch);
        chunk.push_back(batch.next_B1);
      }
      std::vector<int64_t> open = takeTokens(batch, at::cat(chunk, 1).cpu());
      if (open.empty())
        return;
      keepRows(batch, open);
      decode(batch);
    }
  }

private:
  /// Reads the prompts, equally long ones together, and chooses what comes behind them.
  DecodeBatch readPrompts(const std::vector<size_t> &rows) const {
    DecodeBatch batch;
    std::vector<at::Tensor> positions, logits;
    std::vector<std::vector<at::Tensor>> states;
    for (size_t first = 0, last = 0; first < rows.size(); first = last) {
      std::vector<const TokenIds *> group;
      while (last < rows.size() && prompts[rows[last]].size() == prompts[rows[first]].size())
        group.push_back(&prompts[rows[last++]]);
      Advanced out = advance(program, "prefill", params, stackRows(group, 0),
                             startRows(program, "prefill", int64_t(group.size()), options.type), how);
      positions.push_back(out.rows.pos_B);
      logits.push_back(out.logits.select(1, -1));
      states.push_back(std::move(out.rows.states));
    }
    batch.rows = rows;
    batch.pos_B = at::cat(positions);
    for (size_t s = 0; s < states.front().size(); ++s) {
      std::vector<at::Tensor> parts;
      for (const auto &group : states)
        parts.push_back(group[s]);
      batch.states.push_back(at::cat(parts));
    }
    if (options.temperature > 0)
      batch.draws_BN = draws(rows).to(logits.front().device());
    choose(batch, at::cat(logits));
    return batch;
  }

  at::Tensor draws(const std::vector<size_t> &rows) const {
    at::Tensor all = at::empty({int64_t(rows.size()), options.newTokens}, at::kDouble);
    double *next = all.mutable_data_ptr<double>();
    for (size_t row : rows) {
      UniformNumbers numbers(options.seeds.at(row));
      for (int64_t n = 0; n < options.newTokens; ++n)
        *next++ = numbers.next();
    }
    return all;
  }

  void choose(DecodeBatch &batch, const at::Tensor &logits_BV) const {
    batch.next_B1 = batch.draws_BN.defined()
                        ? drawTokens(logits_BV, batch.draws_BN.narrow(1, batch.chosen, 1), options.temperature)
                        : logits_BV.argmax(1, /*keepdim=*/true);
    ++batch.chosen;
  }

  /// Reads the newest tokens and chooses those behind them. Nothing waits for the device.
  void decode(DecodeBatch &batch) const {
    Advanced out = advance(program, "decode", params, batch.next_B1, {batch.pos_B, std::move(batch.states)}, how);
    batch.pos_B = out.rows.pos_B;
    batch.states = std::move(out.rows.states);
    choose(batch, out.logits.select(1, -1));
  }

  /// Whether a row goes on behind the token, which is written to it.
  bool take(size_t row, int32_t token) const {
    TokenIds &tokens = results[row];
    bool isEnd = std::ranges::count(options.ends, token) > 0;
    if (!isEnd || options.keepsEnd)
      tokens.push_back(token);
    return !isEnd && int64_t(tokens.size()) < options.newTokens && !(options.finished && options.finished(row, tokens));
  }

  /// Writes the newest tokens [B, C] to their rows; returns the batch rows that go on.
  std::vector<int64_t> takeTokens(const DecodeBatch &batch, const at::Tensor &tokens_BC) const {
    std::vector<int64_t> open;
    const int64_t *next = tokens_BC.const_data_ptr<int64_t>();
    for (size_t b = 0; b < batch.rows.size(); ++b) {
      int64_t n = 0, count = tokens_BC.size(1);
      while (n < count && take(batch.rows[b], int32_t(next[int64_t(b) * count + n])))
        ++n;
      if (n == count)
        open.push_back(int64_t(b));
    }
    return open;
  }

  static void keepRows(DecodeBatch &batch, const std::vector<int64_t> &open) {
    if (open.size() == batch.rows.size())
      return;
    at::Tensor index = at::tensor(open);
    std::vector<size_t> rows;
    for (int64_t b : open)
      rows.push_back(batch.rows[b]);
    batch.rows = std::move(rows);
    auto keep = [&](at::Tensor &x) { x = x.index_select(0, index.to(x.device())); };
    keep(batch.pos_B), keep(batch.next_B1);
    if (batch.draws_BN.defined())
      keep(batch.draws_BN);
    for (at::Tensor &state : batch.states)
      keep(state);
  }

  const Program &program;
  const ParamMap &params;
  const std::vector<TokenIds> &prompts;
  const GenerateOptions &options;
  std::vector<TokenIds> &results;
  EvalOptions how;
};

} // namespace

std::vector<TokenIds> generateTokens(const Program &program, const ParamMap &params,
                                     const std::vector<TokenIds> &prompts, const GenerateOptions &options) {
  std::vector<TokenIds> results(prompts.size());
  if (options.newTokens < 1)
    return results;
  std::vector<size_t> order(prompts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return prompts[a].size() < prompts[b].size(); });
  bool isGpu = !params.empty() && params.begin()->second.is_cuda();
  size_t rowsAtOnce = rowsPerBatch(program, options.rows, isGpu),
         batches = (order.size() + rowsAtOnce - 1) / rowsAtOnce;
  Writing writing(program, params, prompts, options, results);
  forEachParallel(batches, [&](size_t i) {
    writing.run({order.begin() + order.size() * i / batches, order.begin() + order.size() * (i + 1) / batches});
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
