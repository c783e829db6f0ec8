//===- OnnxAttention.cpp - ONNX attention and rotary embeddings -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/OnnxOps.h"

#include "xlstm/Support/Error.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

using at::Tensor;

namespace xlstm::evaluate {
namespace {

/// What an attention does beside its operands.
struct Scores {
  Tensor mask; // bool (true is seen) or added
  bool isCausal = false;
  int64_t window = 0; // keys that a token sees at most; 0: all
  double scale = 0, softcap = 0;
};

/// q [B, H, T, d], k [B, Hkv, T, d], v [B, Hkv, T, dv].
Tensor attend(const Tensor &q, const Tensor &k, const Tensor &v, const Scores &how) {
  int64_t repeat = q.size(1) / k.size(1), tokens = q.size(2), keys = k.size(2);
  double scale = how.scale != 0 ? how.scale : 1 / std::sqrt(static_cast<double>(q.size(3)));
  Tensor scores = at::matmul(q, k.repeat_interleave(repeat, 1).transpose(-1, -2)) * scale;
  if (how.softcap != 0)
    scores = at::tanh(scores / how.softcap) * how.softcap;
  Tensor distance = at::arange(tokens, at::kLong).unsqueeze(1) - at::arange(keys, at::kLong).unsqueeze(0);
  Tensor seen = at::ones({tokens, keys}, at::kBool);
  if (how.isCausal)
    seen = at::logical_and(seen, distance >= 0);
  if (how.window > 0)
    seen = at::logical_and(seen, distance < how.window);
  if (how.mask.defined() && how.mask.scalar_type() == at::kBool)
    seen = at::logical_and(seen, how.mask);
  else if (how.mask.defined())
    scores = scores + how.mask;
  scores = scores.masked_fill(at::logical_not(seen), -std::numeric_limits<double>::infinity());
  return at::matmul(at::softmax(scores, -1), v.repeat_interleave(repeat, 1));
}

/// [B, T, C] to [B, H, T, d].
Tensor toHeads(const Tensor &x, int64_t heads) {
  if (x.dim() != 3 || heads < 1 || x.size(2) % heads != 0)
    fail("expected an activation [B, T, C] of ", heads, " heads");
  return x.reshape({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

Tensor fromHeads(const Tensor &x) { return x.transpose(1, 2).flatten(2); }

/// x [B, H, T, d]; cosines and sines [.., T, d/2].
Tensor rotate(const Tensor &x, Tensor cosines, Tensor sines) {
  if (cosines.dim() == 3) {
    cosines = cosines.unsqueeze(1);
    sines = sines.unsqueeze(1);
  }
  Tensors halves = x.chunk(2, -1);
  return at::cat({halves[0] * cosines - halves[1] * sines, halves[1] * cosines + halves[0] * sines}, -1);
}

/// The operator of ONNX (x, cosines, sines, positions) or of com.microsoft (x, positions, cosines, sines).
template <bool isMicrosoft>
Tensors rotaryEmbedding(const OnnxCall &call) {
  if (call.integer("interleaved", 0) != 0 || call.integer("rotary_embedding_dim", 0) != 0)
    fail("expected whole heads whose halves are rotated");
  size_t positions = isMicrosoft ? 1 : 3;
  Tensor x = call.in(0), cosines = call.in(isMicrosoft ? 2 : 1), sines = call.in(isMicrosoft ? 3 : 2);
  bool isFlat = x.dim() == 3;
  int64_t heads = call.integer("num_heads", 0);
  if (isFlat)
    x = toHeads(x, heads != 0 ? heads : x.size(2) / (2 * cosines.size(-1)));
  if (call.has(positions)) {
    Tensor at = call.in(positions);
    if (at.dim() == 1)
      at = at + at::arange(x.size(2), at::kLong).unsqueeze(0);
    cosines = at::embedding(cosines, at);
    sines = at::embedding(sines, at);
  }
  Tensor result = rotate(x, cosines, sines);
  return {isFlat ? fromHeads(result) : result};
}

Tensors attention(const OnnxCall &call) {
  for (size_t i : {4, 5})
    if (call.has(i) && call.in(i).numel() != 0)
      fail("expected an empty cache");
  Tensor q = call.in(0), k = call.in(1), v = call.in(2);
  bool isFlat = q.dim() == 3;
  if (isFlat) {
    q = toHeads(q, call.integer("q_num_heads", 0));
    k = toHeads(k, call.integer("kv_num_heads", 0));
    v = toHeads(v, call.integer("kv_num_heads", 0));
  }
  Scores how{call.has(3) ? call.in(3) : Tensor(), call.integer("is_causal", 0) != 0,
             call.integer("left_window_size", -1) + 1, call.number("scale", 0), call.number("softcap", 0)};
  Tensors results(call.op->getNumResults());
  Tensor h = attend(q, k, v, how);
  results[0] = isFlat ? fromHeads(h) : h;
  if (results.size() > 1)
    results[1] = k;
  if (results.size() > 2)
    results[2] = v;
  return results;
}

/// Com.microsoft's MultiHeadAttention without bias, padding and cache.
Tensors multiHeadAttention(const OnnxCall &call) {
  if (call.has(3) || call.has(4))
    fail("expected neither bias nor padding");
  int64_t heads = call.integer("num_heads", 0);
  auto in = [&](size_t i) { return call.in(i).dim() == 4 ? call.in(i) : toHeads(call.in(i), heads); };
  Scores how{call.has(5) ? call.in(5) : Tensor(), call.integer("unidirectional", 0) != 0, 0, call.number("scale", 0),
             0};
  Tensors results(call.op->getNumResults());
  results[0] = fromHeads(attend(in(0), in(1), in(2), how));
  if (results.size() > 1)
    results[1] = in(1);
  if (results.size() > 2)
    results[2] = in(2);
  return results;
}

/// Com.microsoft's GroupQueryAttention over an empty cache.
Tensors groupQueryAttention(const OnnxCall &call) {
  int64_t heads = call.integer("num_heads", 0), kvHeads = call.integer("kv_num_heads", 0);
  Tensors parts{call.in(0), call.has(1) ? call.in(1) : Tensor(), call.has(2) ? call.in(2) : Tensor()};
  if (!call.has(1)) {
    int64_t dim = call.in(0).size(2) / (heads + 2 * kvHeads);
    parts = call.in(0).split_with_sizes({heads * dim, kvHeads * dim, kvHeads * dim}, 2);
  }
  Tensor q = toHeads(parts[0], heads), k = toHeads(parts[1], kvHeads), v = toHeads(parts[2], kvHeads);
  double eps = call.number("qk_norm_epsilon", 1e-6);
  auto normalise = [&](const Tensor &x, size_t i) {
    return call.has(i) ? x / at::sqrt(at::mean(x * x, -1, true) + eps) * call.in(i) : x;
  };
  q = normalise(q, 14);
  k = normalise(k, 15);
  if (call.integer("do_rotary", 0) != 0) {
    Tensor positions = call.has(9) ? call.in(9) : at::arange(q.size(2), at::kLong).unsqueeze(0);
    Tensor cosines = at::embedding(call.in(7), positions), sines = at::embedding(call.in(8), positions);
    q = rotate(q, cosines, sines);
    k = rotate(k, cosines, sines);
  }
  Scores how{call.has(10) ? call.in(10) : Tensor(), true, std::max<int64_t>(0, call.integer("local_window_size", -1)),
             call.number("scale", 0), call.number("softcap", 0)};
  Tensors results(call.op->getNumResults());
  results[0] = fromHeads(attend(q, k, v, how));
  if (results.size() > 1)
    results[1] = k;
  if (results.size() > 2)
    results[2] = v;
  return results;
}

} // namespace

void addOnnxAttention(OnnxTable &table) {
  table["RotaryEmbedding"] = rotaryEmbedding<false>;
  table["microsoft.RotaryEmbedding"] = rotaryEmbedding<true>;
  table["Attention"] = attention;
  table["microsoft.MultiHeadAttention"] = multiHeadAttention;
  table["microsoft.GroupQueryAttention"] = groupQueryAttention;
}

} // namespace xlstm::evaluate
