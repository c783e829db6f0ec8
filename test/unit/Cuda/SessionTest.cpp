//===- SessionTest.cpp - a session on the GPU with a model written by hand ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The model's state is the sum of its tokens' embeddings and their number; its logits are the head's product with it.
// Small whole numbers: every order of summing gives the same bits.

#include "runtime/Deploy/CudaSession.h"
#include "test/unit/Cuda/CudaTest.h"
#include "xlstm/Kernels/Cuda.h"
#include "xlstm/Support/Error.h"

#include <algorithm>

using namespace xlstm;
using namespace xlstm::test;

namespace {

constexpr int64_t Vocab = 24, Dim = 8, StateBytes = 256, SumAt = 0, PosAt = 128;
constexpr int32_t Batch = 2;

int initState(const xlstm_cuda_memory *at, void *stream) {
  if (int error = xlstm_cuda_fill(at->state, 0, StateBytes / 4, stream))
    return error;
  return xlstm_cuda_fill(at->state + PosAt, 100, Batch, stream);
}

template <int64_t Tokens>
int run(const xlstm_cuda_memory *at, void *stream) {
  float *sums = reinterpret_cast<float *>(at->state + SumAt), *embedded = reinterpret_cast<float *>(at->scratch);
  int32_t *pos = reinterpret_cast<int32_t *>(at->state + PosAt);
  int error = xlstm_cuda_embed(XLSTM_F32, at->ids, at->weights, embedded, Batch * Tokens, Vocab, Dim, stream);
  for (int64_t b = 0; b < Batch; ++b)
    for (int64_t t = 0; t < Tokens && !error; ++t)
      error = xlstm_cuda_add(XLSTM_F32, sums + b * Dim, embedded + (b * Tokens + t) * Dim, sums + b * Dim, Dim, stream);
  if (!error)
    error = xlstm_cuda_linear(XLSTM_F32, XLSTM_F32, XLSTM_F32, sums, at->weights, nullptr, nullptr, at->logits, Batch,
                              Dim, Vocab, at->workspace, stream);
  return error ? error : xlstm_cuda_advance(pos, Batch, Tokens, stream);
}

int runMany(const xlstm_cuda_memory *at, char *const *states, int64_t rows, void *stream) {
  float *embedded = reinterpret_cast<float *>(at->scratch);
  int error = xlstm_cuda_embed(XLSTM_F32, at->ids, at->weights, embedded, rows, Vocab, Dim, stream);
  for (int64_t r = 0; r < rows && !error; ++r) {
    float *sum = reinterpret_cast<float *>(states[r] + SumAt);
    error = xlstm_cuda_add(XLSTM_F32, sum, embedded + r * Dim, sum, Dim, stream);
    if (!error)
      error = xlstm_cuda_linear(XLSTM_F32, XLSTM_F32, XLSTM_F32, sum, at->weights, nullptr, nullptr,
                                at->logits + r * Vocab, 1, Dim, Vocab, at->workspace, stream);
  }
  return error;
}

const float biases[] = {1, 2, 3};
const xlstm_cuda_function functions[] = {{4, run<4>}, {2, run<2>}, {1, run<1>}};
const xlstm_cuda_constant constants[] = {{Vocab * Dim * 4, sizeof biases, biases}};

xlstm_cuda_model_info makeModel() {
  xlstm_cuda_model_info m = {};
  m.abi = XLSTM_CUDA_MODEL_ABI, m.batch = Batch, m.vocab = Vocab;
  m.weight_bytes = 4096, m.state_bytes = StateBytes, m.scratch_bytes = 4096;
  m.workspace_bytes = [] { return xlstm_cuda_linear_workspace(XLSTM_F32, XLSTM_F32, XLSTM_F32, Batch, Dim, Vocab); };
  m.zeroed_bytes = [] { return size_t(0); };
  m.init_state = initState, m.functions = functions, m.function_count = 3;
  m.constants = constants, m.constant_count = 1;
  return m;
}

/// What the model computes.
struct Truth {
  Floats table = Floats(4096 / 4, 0.0f), sum = Floats(Dim, 0.0f);

  Truth() {
    for (int64_t n = 0; n < Vocab * Dim; ++n)
      table[n] = float((n * 7 + n / Dim) % 11 - 5);
  }
  const char *weights() const { return reinterpret_cast<const char *>(table.data()); }
  Floats read(const std::vector<int64_t> &ids) {
    for (int64_t id : ids)
      for (int64_t c = 0; c < Dim; ++c)
        sum[c] += table[id * Dim + c];
    Floats logits(Vocab, 0.0f);
    for (int64_t o = 0; o < Vocab; ++o)
      for (int64_t c = 0; c < Dim; ++c)
        logits[o] += sum[c] * table[o * Dim + c];
    return logits;
  }
};

Floats valuesOf(std::span<const float> logits) { return Floats(logits.begin(), logits.end()); }

} // namespace

TEST(CudaSession, GoesOnFromAStateThatWasLookedAt) {
  const xlstm_cuda_model_info model = makeModel();
  Truth truth;
  CudaSession session(std::make_shared<CudaWorkplace>(model, truth.weights()));
  session.read(std::vector<int64_t>{1, 2, 3, 4, 5});
  std::span<const std::byte> seen = session.viewState();
  const std::vector<std::byte> kept(seen.begin(), seen.end());
  const Floats expected = valuesOf(session.readOne(6));
  session.reset();
  session.read(std::vector<int64_t>{7, 8});
  session.restore([&](std::span<std::byte> state) { std::ranges::copy(kept, state.begin()); }, 5);
  EXPECT_EQ(session.position(), 5);
  EXPECT_EQ(valuesOf(session.readOne(6)), expected);
  EXPECT_EQ(expected, truth.read({1, 2, 3, 4, 5, 6}));
}

TEST(CudaSession, ReadsByBlocksAndOneByOne) {
  const xlstm_cuda_model_info model = makeModel();
  Truth truth;
  CudaSession session(std::make_shared<CudaWorkplace>(model, truth.weights()));
  const std::vector<int64_t> text = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5}; // 4 + 4 + 2 + 1
  EXPECT_EQ(valuesOf(session.read(text)), truth.read(text));
  EXPECT_EQ(session.position(), 11);
  for (int64_t id : {8, 23, 0}) // through the recorded graph from the second on
    EXPECT_EQ(valuesOf(session.readOne(id)), truth.read({id}));
  EXPECT_EQ(valuesOf(session.read(text)), truth.read(text));
  EXPECT_EQ(session.position(), 25);
  session.reset();
  EXPECT_EQ(session.position(), 0);
  truth.sum.assign(Dim, 0);
  EXPECT_EQ(valuesOf(session.readOne(7)), truth.read({7}));
}

// In more calls than one, and often enough to be recorded, for two sets of texts.
TEST(CudaSession, TextsTogetherAreAsAlone) {
  xlstm_cuda_model_info model = makeModel();
  model.batch = 1, model.most_rows = 3, model.decode_many = runMany, model.goes_by_rows = 1;
  constexpr size_t texts = 5;
  const Truth any;
  auto place = std::make_shared<CudaWorkplace>(model, any.weights());
  std::vector<Truth> truths(texts);
  std::vector<std::unique_ptr<CudaSession>> sessions;
  std::vector<Session *> all;
  for (size_t n = 0; n < texts; ++n)
    all.push_back(sessions.emplace_back(std::make_unique<CudaSession>(place)).get());
  for (int64_t step = 0; step < 30; ++step) {
    const size_t count = step < 15 ? texts : 2;
    std::vector<int64_t> ids;
    for (size_t n = 0; n < count; ++n)
      ids.push_back((step * 7 + static_cast<int64_t>(n) * 5) % Vocab);
    const auto found = all[0]->readTogether(std::span(all).first(count), ids);
    ASSERT_EQ(found.size(), count);
    for (size_t n = 0; n < count; ++n)
      EXPECT_EQ(valuesOf(found[n]), truths[n].read({ids[n]})) << step << ", text " << n;
  }
  EXPECT_EQ(all[0]->position(), 30);
  EXPECT_EQ(all[4]->position(), 15);
  EXPECT_EQ(valuesOf(all[1]->readOne(3)), truths[1].read({3}));
}

TEST(CudaSession, SaysWhatIsMissing) {
  xlstm_cuda_model_info model = makeModel();
  model.scratch_bytes = uint64_t(1) << 50;
  const Truth truth;
  try {
    CudaSession session(std::make_shared<CudaWorkplace>(model, truth.weights()));
    FAIL() << "made a session of 2^50 bytes";
  } catch (const Error &error) {
    EXPECT_NE(std::string(error.what()).find("MiB of memory are needed"), std::string::npos) << error.what();
  }
}

TEST(CudaSession, WeightsAreMadeOrCopied) {
  xlstm_cuda_model_info model = makeModel();
  Stream stream;
  DeviceBuffer weights(model.weight_bytes, "a test");
  Floats got(4096 / 4);
  auto take = [&] {
    stream.copy(got.data(), weights.get(), model.weight_bytes);
    stream.wait("a test");
  };
  const Truth truth;
  fillWeights(model, truth.weights(), weights.get(), stream);
  take();
  Floats want = truth.table;
  std::copy_n(biases, 3, want.begin() + Vocab * Dim);
  EXPECT_EQ(got, want);

  const xlstm_cuda_random random[] = {{64, 100, XLSTM_F32, 5, 0.5f}};
  model.random = random, model.random_count = 1;
  fillWeights(model, nullptr, weights.get(), stream);
  take();
  double mean = 0;
  for (int64_t n = 16; n < 116; ++n)
    mean += got[n] / 100;
  EXPECT_NEAR(mean, 5, 0.3);
  EXPECT_EQ(got[0], 0);
  EXPECT_EQ(got[Vocab * Dim + 1], 2);
}
