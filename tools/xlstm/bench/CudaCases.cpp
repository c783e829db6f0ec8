//===- CudaCases.cpp - the CUDA kernels that `xlstm bench kernels` measures ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each beside ATen's operations composed, eager, on the same inputs.

#include "Bench.h"

#include "xlstm/Kernels/Cuda.h"
#include "xlstm/Kernels/SparseLoss.h"
#include "xlstm/Kernels/Turns.h"
#include "xlstm/Support/Error.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

namespace xlstm::bench {

using at::Tensor;

namespace {

Tensor random(at::IntArrayRef sizes, at::ScalarType type = at::kBFloat16, double scale = 1) {
  return (at::rand(sizes, at::TensorOptions().device(at::kCUDA)) * 2 - 1).mul_(scale).to(type);
}

Tensor integers(int64_t high, at::IntArrayRef sizes, at::ScalarType type) {
  return at::randint(high, sizes, at::TensorOptions().device(at::kCUDA).dtype(type));
}

void check(int error, const char *name) {
  if (error)
    fail(name, ": error ", error);
}

/// One layer's decode: inputs, state and ATen's composition of the same step.
struct Layer {
  Tensor q, k, v, i, f, o, qMap, kMap, S, z, m, ringK, ringV, sinkK, sinkV, pos;

  Layer(int64_t B, int64_t H, int64_t Hkv, int64_t d, int64_t W, int64_t sinks)
      : q(random({B, H, d})), k(random({B, Hkv, d})), v(random({B, Hkv, d})), i(random({B, H}, at::kFloat)),
        f(random({B, H}, at::kFloat) + 4), o(random({B, H}, at::kFloat)), qMap(random({H, d, d})),
        kMap(random({H, d, d})), S(random({B, H, d, d}, at::kFloat)), z(random({B, H, d}, at::kFloat) + 2),
        m(random({B, H}, at::kFloat)), ringK(random({B, W, Hkv, d})), ringV(random({B, W, Hkv, d})),
        sinkK(random({B, sinks, Hkv, d})), sinkV(random({B, sinks, Hkv, d})),
        pos(at::full({B}, 5000, ringK.options().dtype(at::kInt))) {}

  xlstm_hybrid_inputs inputs() const {
    return {q.const_data_ptr(),        k.const_data_ptr(),        v.const_data_ptr(),
            i.const_data_ptr<float>(), f.const_data_ptr<float>(), o.const_data_ptr<float>(),
            qMap.const_data_ptr(),     kMap.const_data_ptr(),     nullptr};
  }
  xlstm_hybrid_state state() const {
    return {S.mutable_data_ptr<float>(), z.mutable_data_ptr<float>(),    m.mutable_data_ptr<float>(),
            ringK.mutable_data_ptr(),    ringV.mutable_data_ptr(),       sinkK.mutable_data_ptr(),
            sinkV.mutable_data_ptr(),    pos.mutable_data_ptr<int32_t>()};
  }

  /// RoPE, maps, gates, memory, window and mix; the window is full, so that no mask is needed.
  Tensor composed(const Tensor &frequencies) const {
    const int64_t B = q.size(0), H = q.size(1), Hkv = k.size(1), d = q.size(2), W = ringK.size(1);
    Tensor angle = (pos.unsqueeze(1) * frequencies).unsqueeze(1), cosine = angle.cos(), sine = angle.sin();
    auto rotated = [&](const Tensor &x) {
      std::vector<Tensor> half = x.to(at::kFloat).chunk(2, -1);
      return at::cat({half[0] * cosine - half[1] * sine, half[1] * cosine + half[0] * sine}, -1).to(x.scalar_type());
    };
    Tensor rq = rotated(q), rk = rotated(k);
    auto feature = [&](const Tensor &map, const Tensor &x) {
      return at::matmul(map, x.unsqueeze(-1)).squeeze(-1).to(at::kFloat).softmax(-1);
    };
    Tensor a = feature(qMap, rq), b = feature(kMap, rk.repeat_interleave(H / Hkv, 1));
    Tensor kept = at::log_sigmoid(f) + m, top = at::maximum(kept, i);
    Tensor forget = (kept - top).exp().unsqueeze(-1), input = (i - top).exp().unsqueeze(-1);
    Tensor value = v.repeat_interleave(H / Hkv, 1).to(at::kFloat);
    S.mul_(forget.unsqueeze(-1)).add_((input * b).unsqueeze(-1) * value.unsqueeze(-2));
    z.mul_(forget).add_(input * b), m.copy_(top);
    Tensor memory = at::matmul(a.unsqueeze(-2), S).squeeze(-2) / (a * z).sum(-1, true).clamp_min(1e-30);
    ringK.select(1, 5000 % W).copy_(rk), ringV.select(1, 5000 % W).copy_(v);
    Tensor keys = at::cat({sinkK, ringK}, 1).permute({0, 2, 3, 1}), values = at::cat({sinkV, ringV}, 1).transpose(1, 2);
    Tensor scores = at::matmul(rq.view({B, Hkv, H / Hkv, d}), keys).to(at::kFloat) * (1 / std::sqrt(double(d)));
    Tensor window = at::matmul(scores.softmax(-1).to(at::kBFloat16), values).view({B, H, d});
    Tensor gate = o.sigmoid().unsqueeze(-1);
    return (gate * memory + (1 - gate) * window).to(at::kBFloat16);
  }
};

Work decode(int64_t B, int layers, bool early) {
  const int64_t H = 32, Hkv = 8, d = 128, W = 512, sinks = 4;
  auto stack = std::make_shared<std::vector<Layer>>();
  for (int layer = 0; layer < layers; ++layer)
    stack->emplace_back(B, H, Hkv, d, W, sinks);
  auto turn = std::make_shared<size_t>(0);
  Tensor frequencies = at::pow(10000.0, at::arange(0, d / 2, stack->front().z.options()) * (-2.0 / double(d)));
  std::vector<int64_t> values(d / 2);
  for (int64_t i = 0; i < d / 2; ++i)
    values[i] = turnsOf(std::pow(10000.0, -2.0 * double(i) / double(d)));
  Tensor turns = at::tensor(values, at::kLong).to(frequencies.device());
  Tensor h = at::empty_like(stack->front().q), workspace = at::zeros({B}, stack->front().pos.options());
  const xlstm_hybrid_shape shape = {B, 1, H, Hkv, d, W, sinks, 1 / std::sqrt(float(d)), XLSTM_BF16, XLSTM_BF16, 0};
  Work work;
  work.bytes = double(B) * double(2 * H * d * d * 4 + 2 * (W + sinks) * Hkv * d * 2) + double(2 * H * d * d * 2);
  work.flops = double(B * H) * double(4 * d * d + 5 * d * d + 4 * d * (W + sinks));
  work.run = [=](void *stream) {
    const Layer &layer = (*stack)[(*turn)++ % stack->size()];
    xlstm_hybrid_inputs in = layer.inputs();
    xlstm_hybrid_state state = layer.state();
    check(xlstm_cuda_hybrid_decode(&shape, &in, turns.const_data_ptr<int64_t>(), 1, &state, h.mutable_data_ptr(),
                                   workspace.mutable_data_ptr(), early, stream),
          "hybrid_decode");
  };
  work.peers = {{"aten", [=] { (*stack)[(*turn)++ % stack->size()].composed(frequencies); }}};
  return work;
}

Work sparseLoss(int64_t N, int64_t D, int64_t V, int64_t K, bool tuned) {
  Tensor hidden = random({N, D}), weight = random({V, D}, at::kBFloat16, 0.05), labels = integers(V, {N}, at::kInt);
  Tensor ids = (integers(V, {N, 1}, at::kInt) + at::arange(K, labels.options()) * (V / K)).remainder(V).to(at::kInt);
  Tensor teacher = random({N, K}, at::kFloat).log_softmax(-1), losses = at::empty({3}, teacher.options());
  Tensor dHidden = at::empty_like(hidden), dWeight = at::empty_like(weight);
  const xlstm_sparse_loss_shape shape = {N, D, V, K, 0, 0.9f, 0.1f, 1, 0, XLSTM_BF16, XLSTM_BF16};
  Tensor workspace = at::empty({int64_t(xlstm_cuda_sparse_loss_workspace(&shape))}, hidden.options().dtype(at::kByte));
  Work work;
  work.bytes = 2.0 * double(3 * V * D + 3 * N * D), work.flops = 6.0 * double(N) * double(D) * double(V);
  const xlstm_sparse_loss_inputs in = {hidden.const_data_ptr(),          weight.const_data_ptr(),
                                       labels.const_data_ptr<int32_t>(), ids.const_data_ptr<int32_t>(),
                                       teacher.const_data_ptr<float>(),  nullptr};
  if (tuned)
    check(xlstm_cuda_sparse_loss_tune(&shape, &in, dHidden.mutable_data_ptr(), dWeight.mutable_data_ptr(),
                                      workspace.mutable_data_ptr(), nullptr),
          "sparse_loss_tune");
  work.run = [=](void *stream) {
    check(xlstm_cuda_sparse_loss(&shape, &in, 1, losses.mutable_data_ptr<float>(), dHidden.mutable_data_ptr(),
                                 dWeight.mutable_data_ptr(), workspace.mutable_data_ptr(), stream),
          "sparse_loss");
  };
  Tensor wideIds = ids.to(at::kLong), wideLabels = labels.to(at::kLong).unsqueeze(1);
  work.peers = {{"aten", [=] {
                   Tensor x = hidden.detach().requires_grad_(), w = weight.detach().requires_grad_();
                   Tensor logits = at::matmul(x, w.t()).to(at::kFloat);
                   Tensor loss = -0.9 * logits.log_softmax(-1).gather(1, wideLabels).mean();
                   Tensor student = logits.gather(1, wideIds).log_softmax(-1);
                   (loss + 0.1 * (teacher.exp() * (teacher - student)).sum(-1).mean()).backward();
                 }}};
  return work;
}

Work rmsNorm(int64_t rows, int64_t n) {
  Tensor x = random({rows, n}), w = random({n}), y = at::empty_like(x);
  Work work;
  work.bytes = 2.0 * 2 * double(rows * n), work.flops = 4.0 * double(rows * n);
  work.run = [=](void *stream) {
    check(xlstm_cuda_rms_norm(XLSTM_BF16, x.const_data_ptr(), w.const_data_ptr(), y.mutable_data_ptr(), rows, 1, n, n,
                              1e-5f, stream),
          "rms_norm");
  };
  work.peers = {{"aten", [=] {
                   Tensor wide = x.to(at::kFloat);
                   (wide * (wide.square().mean(-1, true) + 1e-5).rsqrt()).to(at::kBFloat16).mul_(w);
                 }}};
  return work;
}

Work swiglu(int64_t rows, int64_t n) {
  Tensor packed = random({rows, 2 * n}), y = at::empty({rows, n}, packed.options());
  Work work;
  work.bytes = 2.0 * 3 * double(rows * n), work.flops = 5.0 * double(rows * n);
  work.run = [=](void *stream) {
    const at::BFloat16 *gate = packed.const_data_ptr<at::BFloat16>();
    check(xlstm_cuda_swiglu(XLSTM_BF16, gate, gate + n, y.mutable_data_ptr(), rows, n, 2 * n, 2 * n, stream), "swiglu");
  };
  work.peers = {{"aten", [=] { at::silu(packed.narrow(1, 0, n)).mul_(packed.narrow(1, n, n)); }}};
  return work;
}

Work sample(int64_t B, int64_t V) {
  Tensor logits = at::randn({B, V}, at::TensorOptions().device(at::kCUDA)) * 2.5, ids = integers(V, {B}, at::kLong);
  Tensor states = integers(1 << 30, {B}, at::kLong);
  Work work;
  work.bytes = 4.0 * double(B * V), work.flops = 2.0 * double(B * V);
  work.run = [=](void *stream) {
    check(xlstm_cuda_sample(XLSTM_F32, logits.const_data_ptr(), ids.mutable_data_ptr<int64_t>(),
                            reinterpret_cast<uint64_t *>(states.mutable_data_ptr<int64_t>()), B, V, 0.8f, 50, 0.95f,
                            stream),
          "sample");
  };
  work.peers = {{"aten", [=] {
                   auto [top, place] = (logits / 0.8).topk(50);
                   Tensor p = top.softmax(-1);
                   p = at::where(p.cumsum(-1) - p < 0.95, p, at::Scalar(0));
                   place.gather(1, p.multinomial(1));
                 }}};
  return work;
}

} // namespace

std::vector<Case> cudaCases() {
  const std::string mixer = " H=32 Hkv=8 d=128 W=512 S=4";
  auto rival = [](int64_t B, int states) {
    return Rival{"decode.py", "decode " + std::to_string(B) + ' ' + std::to_string(states)};
  };
  std::vector<Case> cases;
  addCudaAttentionCases(cases);
  addCudaHybridCases(cases);
  for (auto [B, states] : {std::pair(1, 48), {8, 12}, {64, 4}})
    for (bool early : {false, true})
      cases.push_back({"hybrid_decode",
                       "B=" + std::to_string(B) + mixer + ", " + std::to_string(states) + " states in turn" +
                           (early ? ", early start" : ""),
                       "bf16", [=, B = B, states = states] { return decode(B, states, early); }, rival(B, states)});
  for (int64_t B : {1, 8})
    cases.push_back({"hybrid_decode", "B=" + std::to_string(B) + mixer + ", one state, warm", "bf16",
                     [=] { return decode(B, 1, false); }, rival(B, 1)});
  for (bool tuned : {false, true}) // in this order: tuning lasts
    cases.push_back({"sparse_loss",
                     std::string("N=8192 D=4096 V=128256 K=256, ") + (tuned ? "tuned" : "as suggested"),
                     "bf16",
                     [=] { return sparseLoss(8192, 4096, 128256, 256, tuned); },
                     {"sparse_loss.py", "loss 8192 4096 128256 256"}});
  cases.push_back({"rms_norm", "16384 x 4096", "bf16", [] { return rmsNorm(16384, 4096); }});
  cases.push_back({"swiglu", "16384 x 14336", "bf16", [] { return swiglu(16384, 14336); }});
  cases.push_back({"sample", "B=8 V=128256 k=50 p=0.95", "f32", [] { return sample(8, 128256); }});
  return cases;
}

} // namespace xlstm::bench
