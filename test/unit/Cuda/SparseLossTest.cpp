//===- SparseLossTest.cpp - the head with both losses on CUDA --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Kernels/SparseLoss.h"
#include "test/unit/Cuda/CudaTest.h"

using namespace xlstm::test;

namespace {

/// Inputs of one problem, and losses and gradients by the formulas in float64.
struct Problem {
  xlstm_sparse_loss_shape shape;
  Floats hidden, weight, logprobs, tail;
  std::vector<int32_t> labels, ids;
  double crossEntropy = 0, kl = 0;
  Doubles dHidden, dWeight;

  Problem(int64_t N, int64_t D, int64_t V, int64_t K, int64_t tokens, bool withTail, xlstm_dtype type)
      : shape{N, D, V, K, tokens, 0.9f, 0.4f, 1, withTail, type, XLSTM_F32},
        hidden(rounded(type, randomFloats(N * D, 1, -1, 1))),
        weight(rounded(type, randomFloats(V * D, 2, -0.3f, 0.3f))), logprobs(randomFloats(N * K, 3, -6, -1)),
        tail(randomFloats(N, 4, -3, -1)), dHidden(N * D), dWeight(V * D) {
    std::mt19937 engine(5);
    std::vector<int32_t> all(V);
    for (int64_t n = 0; n < V; ++n)
      all[n] = n;
    for (int64_t n = 0; n < N; ++n) {
      std::shuffle(all.begin(), all.end(), engine);
      ids.insert(ids.end(), all.begin(), all.begin() + K);
      labels.push_back(n % 5 == 2 ? -100 : n % 3 || !K ? all[V - 1] : all[0]); // among the chosen or not, or none
    }
  }

  void addRow(int64_t n, double share) {
    const auto &[N, D, V, K, tokens, gamma, beta, logitScale, withTail, type, weightType] = shape;
    Doubles x(V, 0.0), gradient(V, 0.0);
    double total = 0;
    for (int64_t v = 0; v < V; ++v) {
      for (int64_t c = 0; c < D; ++c)
        x[v] += logitScale * double(hidden[n * D + c]) * weight[v * D + c];
      total += std::exp(x[v]);
    }
    crossEntropy += share * (std::log(total) - x[labels[n]]);
    for (int64_t v = 0; v < V; ++v)
      gradient[v] = share * gamma * (std::exp(x[v]) / total - (v == labels[n]));
    // Buckets: the chosen tokens, each place of them one, then all others.
    Doubles p, q;
    std::vector<std::vector<int>> buckets(V);
    double others = total;
    for (int64_t k = 0; k < K; ++k) {
      int32_t id = ids[n * K + k];
      p.push_back(std::exp(double(logprobs[n * K + k]))), q.push_back(std::exp(x[id]));
      others -= buckets[id].empty() ? q.back() : 0;
      buckets[id].push_back(int(k));
    }
    for (std::vector<int> &bucket : buckets)
      if (bucket.empty() && withTail)
        bucket.push_back(int(K));
    if (withTail)
      p.push_back(std::exp(double(tail[n]))), q.push_back(others);
    double sumP = 0, sumQ = 0;
    for (size_t b = 0; b < p.size(); ++b)
      sumP += p[b], sumQ += q[b];
    for (size_t b = 0; b < p.size(); ++b)
      kl += share * p[b] / sumP * std::log(p[b] / sumP * sumQ / q[b]);
    for (int64_t v = 0; v < V; ++v)
      for (int b : buckets[v]) // d KL / d x = (q - p) of the bucket, shared out in it by probability
        gradient[v] += share * beta * (q[b] / sumQ - p[b] / sumP) * std::exp(x[v]) / q[b];
    for (int64_t v = 0; v < V; ++v)
      for (int64_t c = 0; c < D; ++c) {
        dHidden[n * D + c] += logitScale * gradient[v] * weight[v * D + c];
        dWeight[v * D + c] += logitScale * gradient[v] * hidden[n * D + c];
      }
  }

  void solve() {
    int64_t labelled = 0;
    for (int32_t label : labels)
      labelled += label >= 0;
    for (int64_t n = 0; n < shape.N; ++n)
      if (labels[n] >= 0)
        addRow(n, 1.0 / double(labelled));
  }
};

/// Runs the kernel and compares; `wantsGradient` false: losses alone; `tuned`: its products have been tried before.
void check(Problem problem, bool wantsGradient = true, bool tuned = false) {
  const xlstm_sparse_loss_shape &s = problem.shape;
  SCOPED_TRACE(testing::Message() << "V " << s.V << " K " << s.K << " tail " << s.with_tail << " type " << s.type
                                  << " weight type " << s.weight_type);
  problem.solve();
  DeviceFloats hidden(s.type, problem.hidden), weight(s.type, problem.weight), logprobs(XLSTM_F32, problem.logprobs),
      tail(XLSTM_F32, problem.tail), losses(XLSTM_F32, 3), dHidden(s.type, s.N * s.D),
      dWeight(s.weight_type, s.V * s.D);
  DeviceArray<int32_t> labels(problem.labels), ids(problem.ids);
  DeviceBytes workspace(xlstm_cuda_sparse_loss_workspace(&s));
  xlstm_sparse_loss_inputs in = {hidden.get(),
                                 weight.get(),
                                 labels.get(),
                                 ids.get(),
                                 static_cast<float *>(logprobs.get()),
                                 s.with_tail ? static_cast<float *>(tail.get()) : nullptr};
  if (tuned) {
    ASSERT_EQ(xlstm_cuda_sparse_loss_tune(&s, &in, dHidden.get(), dWeight.get(), workspace.get(), nullptr), 0);
  }
  ASSERT_EQ(xlstm_cuda_sparse_loss(&s, &in, 2, static_cast<float *>(losses.get()),
                                   wantsGradient ? dHidden.get() : nullptr, wantsGradient ? dWeight.get() : nullptr,
                                   workspace.get(), nullptr),
            0);
  Floats got = losses.values();
  const double tolerance = toleranceOf(s.type);
  EXPECT_NEAR(got[1], problem.crossEntropy, tolerance * problem.crossEntropy);
  EXPECT_NEAR(got[2], problem.kl, tolerance * problem.kl);
  EXPECT_NEAR(got[0], s.gamma * problem.crossEntropy + s.beta * problem.kl, tolerance * got[0]);
  if (!wantsGradient)
    return;
  for (Doubles *gradient : {&problem.dHidden, &problem.dWeight})
    for (double &value : *gradient)
      value *= 2; // the scale
  // bf16: logits and their gradient are rounded, one after the other; a bf16 gradient of the weights once a chunk more.
  const double gradientTolerance = s.type == XLSTM_F32 ? Tolerance : 1e-2;
  EXPECT_LE(headError(dHidden.values(), problem.dHidden, 1, s.N * s.D), gradientTolerance);
  EXPECT_LE(headError(dWeight.values(), problem.dWeight, 1, s.V * s.D), gradientTolerance);
}

} // namespace

TEST(CudaSparseLoss, LossesAndGradients) {
  for (xlstm_dtype type : {XLSTM_F32, XLSTM_BF16})
    for (bool withTail : {false, true}) {
      check({37, 64, 1000, 16, 16, withTail, type}); // chunks of 16, 16 and 5
      check({5, 40, 9000, 300, 0, withTail, type});  // more than one turn of a block
      check({4, 16, 24, 24, 0, false, type});        // nobody is left beside the chosen
      check({3, 16, 64, 0, 2, false, type});         // cross-entropy alone
    }
}

/// Stores may name a token several times: in a row's middle, three times, all places one token, the label among them.
TEST(CudaSparseLoss, IdsThatRepeat) {
  for (xlstm_dtype type : {XLSTM_F32, XLSTM_BF16})
    for (bool withTail : {false, true}) {
      Problem problem(9, 32, 512, 300, 4, withTail, type);
      for (int64_t n = 0; n < 9; ++n) {
        int32_t *ids = problem.ids.data() + n * 300;
        ids[7] = ids[3], ids[299] = ids[3];
        if (n % 2)
          ids[20] = ids[0]; // the label of some
        if (n == 4)
          std::fill_n(ids, 300, ids[0]);
      }
      check(problem);
    }
}

TEST(CudaSparseLoss, LogitScale) {
  for (xlstm_dtype type : {XLSTM_F32, XLSTM_BF16}) {
    Problem problem(37, 64, 1000, 16, 16, true, type);
    problem.shape.logit_scale = 0.25f;
    check(problem);
  }
}

TEST(CudaSparseLoss, WithoutGradients) { check({9, 32, 512, 8, 4, true, XLSTM_BF16}, false); }

TEST(CudaSparseLoss, Tuned) {
  for (xlstm_dtype type : {XLSTM_F32, XLSTM_BF16})
    check({37, 64, 1000, 16, 16, true, type}, true, true); // chunks of 16, 16 and 5
}

TEST(CudaSparseLoss, GradientInBf16) {
  Problem problem(16, 64, 256, 8, 8, false, XLSTM_BF16);
  problem.shape.weight_type = XLSTM_BF16;
  check(problem);
}

/// Nobody labelled: all is zero, nothing is NaN.
TEST(CudaSparseLoss, NoLabels) {
  Problem problem(6, 16, 64, 4, 4, false, XLSTM_F32);
  problem.labels.assign(6, -1);
  check(problem);
}

TEST(CudaSparseLoss, WorkspaceIsBounded) {
  xlstm_sparse_loss_shape shape = {8192, 4096, 128256, 256, 0, 0.9f, 0.1f, 1, 0, XLSTM_BF16, XLSTM_F32};
  EXPECT_LE(xlstm_cuda_sparse_loss_workspace(&shape), 519'000'000u); // a tenth of torch.compile's
}

TEST(CudaSparseLoss, ShapesAreRefused) {
  xlstm_sparse_loss_inputs in = {};
  for (xlstm_sparse_loss_shape shape :
       {xlstm_sparse_loss_shape{4, 16, 60, 4, 0, 1, 1, 1, 0, XLSTM_F32, XLSTM_F32},
        xlstm_sparse_loss_shape{4, 16, 64, 4, 0, 1, 1, 1, 1, XLSTM_F32, XLSTM_F32}, // no tail given
        xlstm_sparse_loss_shape{4, 16, 64, 5000, 0, 1, 1, 1, 0, XLSTM_F32, XLSTM_F32},
        xlstm_sparse_loss_shape{4, 16, 64, 4, 0, 1, 1, 1, 0, XLSTM_FP8_E4M3, XLSTM_F32}})
    EXPECT_EQ(xlstm_cuda_sparse_loss(&shape, &in, 1, nullptr, nullptr, nullptr, nullptr, nullptr), 1);
}
