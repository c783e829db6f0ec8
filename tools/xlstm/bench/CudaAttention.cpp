//===- CudaAttention.cpp - attention through a ring and plain mLSTM on CUDA ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What layers without the fused mixer take. The peer is ATen's fused attention over the same keys in order, without the
// state's update.

#include "Bench.h"

#include "xlstm/Kernels/Cuda.h"
#include "xlstm/Support/Error.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <cmath>
#include <memory>

namespace xlstm::bench {

using at::Tensor;

static Tensor random(at::IntArrayRef sizes, at::ScalarType type = at::kBFloat16) {
  return (at::rand(sizes, at::TensorOptions().device(at::kCUDA)) * 2 - 1).to(type);
}

static void check(int error, const char *name) {
  if (error)
    fail(name, ": error ", error);
}

/// T tokens after `before`, in a ring of W keys; `states` of them in turn, so that a short one does not stay in the
/// cache.
static Work attention(int64_t T, int64_t before, int64_t W, int states, int64_t Hkv = 8) {
  constexpr int64_t d = 128;
  const int64_t H = 4 * Hkv;
  struct Ring {
    Tensor k, v;
  };
  auto rings = std::make_shared<std::vector<Ring>>();
  for (int n = 0; n < states; ++n)
    rings->push_back({random({W, Hkv, d}), random({W, Hkv, d})});
  auto turn = std::make_shared<size_t>(0);
  Tensor q = random({T, H, d}), k = random({T, Hkv, d}), v = random({T, Hkv, d}), h = at::empty_like(q);
  Tensor pos = at::full({1}, before, q.options().dtype(at::kInt));
  const int64_t bytes = int64_t(xlstm_cuda_attention_workspace(XLSTM_BF16, 1, T, H, Hkv, d, d, W, 0));
  Tensor workspace = at::empty({bytes}, q.options().dtype(at::kByte));
  Work work;
  for (int64_t t = 0; t < T; ++t)
    work.flops += 4.0 * double(H * d) * double(std::min(before + t + 1, W));
  work.bytes = 2.0 * 2 * double(Hkv * d) * double(std::min(before + T, W)) + 2.0 * 2 * double(T * H * d);
  work.run = [=](void *stream) {
    const Ring &ring = (*rings)[(*turn)++ % rings->size()];
    check(xlstm_cuda_attention(XLSTM_BF16, q.const_data_ptr(), k.const_data_ptr(), v.const_data_ptr(),
                               pos.const_data_ptr<int32_t>(), ring.k.mutable_data_ptr(), ring.v.mutable_data_ptr(),
                               nullptr, nullptr, h.mutable_data_ptr(), 1, T, H, Hkv, d, d, W, 0, H * d, Hkv * d,
                               Hkv * d, 1 / std::sqrt(float(d)), workspace.mutable_data_ptr(), stream),
          "attention");
  };
  work.peers = {{"aten", [=] {
                   const Ring &ring = (*rings)[(*turn)++ % rings->size()];
                   auto heads = [](const Tensor &x) { return x.transpose(0, 1).unsqueeze(0); };
                   if (T == 1)
                     at::scaled_dot_product_attention(heads(q), heads(ring.k), heads(ring.v), {}, 0, false, {}, true);
                   else if (before == 0)
                     at::scaled_dot_product_attention(heads(q), heads(k), heads(v), {}, 0, true, {}, true);
                 }}};
  return work;
}

static Work mlstm(int64_t T) {
  constexpr int64_t H = 32, Hkv = 8, d = 128;
  Tensor q = random({T, H, d}).abs(), k = random({T, H, d}).abs(), v = random({T, Hkv, d}), h = at::empty_like(q);
  Tensor i = random({T, H}, at::kFloat), f = random({T, H}, at::kFloat) + 4, S = random({H, d, d}, at::kFloat),
         z = random({H, d}, at::kFloat) + 2, max = random({H}, at::kFloat);
  Work work;
  work.bytes = 4.0 * 2 * double(H * d * d) + 2.0 * double(T * d) * double(3 * H + Hkv);
  work.flops = double(T * H) * 6.0 * double(d * d);
  work.run = [=](void *stream) {
    check(xlstm_cuda_mlstm(XLSTM_BF16, q.const_data_ptr(), k.const_data_ptr(), v.const_data_ptr(),
                           i.const_data_ptr<float>(), f.const_data_ptr<float>(), S.mutable_data_ptr<float>(),
                           z.mutable_data_ptr<float>(), max.mutable_data_ptr<float>(), h.mutable_data_ptr(), 1, T, H,
                           Hkv, d, d, Hkv * d, 64, stream),
          "mlstm");
  };
  return work;
}

void addCudaAttentionCases(std::vector<Case> &cases) {
  const std::string heads = " H=32 Hkv=8 d=128";
  for (auto [W, states] : {std::pair<int64_t, int>(4096, 24), {16384, 6}, {65536, 2}, {131072, 2}})
    cases.push_back({"attention", "T=1" + heads + ", " + std::to_string(W) + " keys", "bf16",
                     [W = W, states = states] { return attention(1, W - 1, W, states); }});
  for (int64_t T : {2048, 16384})
    cases.push_back({"attention", "T=" + std::to_string(T) + heads + ", from the start", "bf16",
                     [=] { return attention(T, 0, T, 1); }});
  // One key head of a layer that keeps a few: in decode, and a piece of a prompt far from its start.
  cases.push_back(
      {"attention", "T=1 H=4 Hkv=1 d=128, 131072 keys", "bf16", [] { return attention(1, 131071, 131072, 16, 1); }});
  cases.push_back(
      {"attention", "T=512 H=4 Hkv=1 d=128, 65536 keys", "bf16", [] { return attention(512, 65024, 131072, 4, 1); }});
  for (int64_t T : {1, 4096})
    cases.push_back({"mlstm", "T=" + std::to_string(T) + heads, "bf16", [=] { return mlstm(T); }});
}

} // namespace xlstm::bench
