//===- Attention.cpp - attention and rotary embeddings --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Onnx/Call.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

using namespace mlir;

namespace xlstm::onnx {
namespace {

Tensor withoutElements(const Tensor &x) { return {x.kind, x.shape, nullptr}; }

/// [B, T, C] to [B, H, T, d]; a value of rank 4 is that already.
Tensor toHeads(const Call &call, const Tensor &x, int64_t heads) {
  if (x.kind == Kind::Float && x.rank() == 4)
    return x;
  if (x.kind != Kind::Float || x.rank() != 3 || heads < 1 || x.shape[2] % heads != 0)
    fail("expected an activation [B, T, C] of ", heads, " heads, found ", describe(x));
  int64_t tokens = x.shape[1], channels = x.shape[2], dim = channels / heads;
  return strided(call, x, {x.shape[0], heads, tokens, dim}, {sizeOf({tokens, channels}), dim, channels, 1});
}

/// [B, H, T, d] to [B, T, C].
Tensor fromHeads(const Call &call, const Tensor &x) {
  int64_t heads = x.shape[1], tokens = x.shape[2], dim = x.shape[3];
  Shape strides = stridesOf(x.shape);
  Tensor result = strided(call, x, {x.shape[0], tokens, heads, dim}, {strides[0], strides[2], strides[1], 1});
  result.shape = {x.shape[0], tokens, sizeOf({heads, dim})};
  return result;
}

/// x [B, H, T, d], its halves turned by cosines and sines [B or 1, T, d/2] or [T, d/2].
Tensor rotate(const Call &call, const Tensor &x, const Tensor &cosines, const Tensor &sines) {
  int64_t rank = cosines.rank();
  bool fits = x.kind == Kind::Float && x.rank() == 4 && cosines.kind == Kind::Float && sines.kind == Kind::Float &&
              cosines.shape == sines.shape && (rank == 2 || rank == 3) && x.shape[3] == 2 * cosines.shape.back() &&
              cosines.shape[rank - 2] == x.shape[2] &&
              (rank == 2 || cosines.shape[0] == 1 || cosines.shape[0] == x.shape[0]);
  if (!fits)
    fail("expected heads and tables of half a head for every token, found ", describe(x), ", ", describe(cosines),
         " and ", describe(sines));
  int64_t heads = x.shape[1], tokens = x.shape[2], dim = x.shape[3], half = dim / 2;
  bool isPerRow = rank == 3 && cosines.shape[0] != 1;
  return call.compute(Kind::Float, x.shape, {&x, &cosines, &sines}, 0, [&](std::vector<double> &values) {
    for (int64_t row = 0; row < x.size() / dim; ++row) {
      int64_t table = ((isPerRow ? row / (heads * tokens) * tokens : 0) + row % tokens) * half;
      for (int64_t i = 0; i < half; ++i) {
        double a = x[row * dim + i], b = x[row * dim + half + i], c = cosines[table + i], s = sines[table + i];
        values[row * dim + i] = a * c - b * s;
        values[row * dim + half + i] = b * c + a * s;
      }
    }
  });
}

/// The operator of ONNX (x, cosines, sines, positions) or of com.microsoft (x, positions, cosines, sines). Positions
/// [B, T], or the first one.
Outputs rotaryEmbedding(const Call &call, bool isMicrosoft) {
  unsigned at = isMicrosoft ? 1 : 3;
  const Tensor &x = call.floats(0);
  Tensor cosines = call.in(isMicrosoft ? 2 : 1), sines = call.in(isMicrosoft ? 3 : 2);
  if (call.integer("interleaved", 0) != 0 || call.integer("rotary_embedding_dim", 0) != 0 ||
      call.integer("is_packed_batching", 0) != 0 || call.number("scale", 1) != 1)
    return {withoutElements(x)}; // raising says that it does not know these
  if (cosines.rank() < 1 || cosines.shape.back() < 1 || (x.rank() != 3 && x.rank() != 4))
    fail("expected an activation of rank 3 or 4 and tables of half a head, found ", describe(x), " and ",
         describe(cosines));
  int64_t heads = call.integer("num_heads", 0);
  if (x.rank() == 3 && heads == 0)
    heads = x.shape[2] / sizeOf({2, cosines.shape.back()});
  Tensor whole = toHeads(call, x, heads);
  if (call.has(at)) {
    Tensor positions = call.in(at);
    if (positions.rank() < 2 && positions.size() == 1) {
      Tensor first = positions;
      positions = call.compute(Kind::Int, {1, whole.shape[2]}, {&first}, 0,
                               [&](std::vector<double> &values) { std::iota(values.begin(), values.end(), first[0]); });
    }
    cosines = gather(call, cosines, positions, 0);
    sines = gather(call, sines, positions, 0);
  }
  Tensor result = rotate(call, whole, cosines, sines);
  return {x.rank() == 3 ? fromHeads(call, result) : result};
}

/// What an attention does beside its operands.
struct Scores {
  Tensor mask; // bool (true is seen) or added
  bool isCausal = false;
  int64_t before = -1, behind = -1; // keys that a token sees at most on either side of its own; -1: all
  double scale = 0, softcap = 0;    // 0: 1 / sqrt(d), and none
};

/// What query t adds to its score with key j; -inf where it does not see it.
double maskAt(const Scores &how, int64_t t, int64_t j, int64_t place) {
  bool isSeen =
      (!how.isCausal || j <= t) && (how.before < 0 || t - j <= how.before) && (how.behind < 0 || j - t <= how.behind);
  double value = how.mask.kind == Kind::None ? 0 : how.mask[place];
  if (how.mask.kind == Kind::Bool) {
    isSeen &= value != 0;
    value = 0;
  }
  return isSeen ? value : -std::numeric_limits<double>::infinity();
}

/// Checks q [B, H, T, d], k [B, Hkv, S, d], v [B, Hkv, S, dv] and a mask that broadcasts to [B, H, T, S].
void checkHeads(const Tensor &q, const Tensor &k, const Tensor &v, const Tensor &mask) {
  bool fits = q.kind == Kind::Float && k.kind == Kind::Float && v.kind == Kind::Float && q.rank() == 4 &&
              k.rank() == 4 && v.rank() == 4 && k.shape[0] == q.shape[0] && v.shape[0] == q.shape[0] &&
              k.shape[1] > 0 && v.shape[1] == k.shape[1] && q.shape[1] % k.shape[1] == 0 && v.shape[2] == k.shape[2] &&
              k.shape[3] == q.shape[3];
  if (!fits)
    fail("expected queries, keys and values of heads that agree, found ", describe(q), ", ", describe(k), " and ",
         describe(v));
  Shape scores{q.shape[0], q.shape[1], q.shape[2], k.shape[2]};
  if (mask.kind != Kind::None && (mask.kind == Kind::Int || broadcast(scores, mask.shape) != scores))
    fail("expected a mask of queries and keys, found ", describe(mask));
}

Tensor attend(const Call &call, const Tensor &q, const Tensor &k, const Tensor &v, const Scores &how) {
  checkHeads(q, k, v, how.mask);
  int64_t rows = q.shape[0], heads = q.shape[1], tokens = q.shape[2], dim = q.shape[3];
  int64_t kvHeads = k.shape[1], keys = k.shape[2], valueDim = v.shape[3];
  double scale = how.scale != 0 ? how.scale : 1 / std::sqrt(static_cast<double>(dim));
  Shape mask = broadcastStrides(how.mask.shape, 4);
  int64_t cost = sizeOf({rows, heads, tokens, keys, std::max(dim, valueDim)});
  auto fill = [&](std::vector<double> &values) {
    std::vector<double> scores(keys);
    walk({rows, heads, tokens}, mask, [&](int64_t row, ArrayRef<int64_t> place) {
      int64_t head = row / tokens % heads / (heads / kvHeads);
      int64_t first = (row / tokens / heads * kvHeads + head) * keys;
      for (int64_t j = 0; j < keys; ++j) {
        double score = 0;
        for (int64_t i = 0; i < dim; ++i)
          score += q[row * dim + i] * k[(first + j) * dim + i];
        score *= scale;
        if (how.softcap != 0)
          score = how.softcap * std::tanh(score / how.softcap);
        scores[j] = score + maskAt(how, row % tokens, j, place[0] + j * mask[3]);
      }
      softmax(scores.data(), keys, 1);
      for (int64_t j = 0; j < keys; ++j)
        for (int64_t i = 0; i < valueDim; ++i)
          values[row * valueDim + i] += scores[j] * v[(first + j) * valueDim + i];
    });
  };
  return call.compute(Kind::Float, {rows, heads, tokens, valueDim}, {&q, &k, &v, &how.mask}, cost, fill);
}

Tensor maskOf(const Call &call, unsigned i) { return call.has(i) ? call.in(i) : Tensor(); }

/// Inputs of a cache; only an empty one is known.
void checkCache(const Call &call, unsigned first) {
  for (unsigned i : {first, first + 1})
    if (call.has(i) && call.in(i).size() != 0)
      fail("expected an empty cache, found ", describe(call.in(i)));
}

/// Inputs 3 a mask, 4 and 5 the cache.
Outputs attention(const Call &call) {
  const Tensor &x = call.in(0);
  checkCache(call, 4);
  Tensor q = toHeads(call, x, call.integer("q_num_heads", 0));
  Tensor k = toHeads(call, call.in(1), call.integer("kv_num_heads", 0));
  Tensor v = toHeads(call, call.in(2), call.integer("kv_num_heads", 0));
  Scores how{maskOf(call, 3),
             call.integer("is_causal", 0) != 0,
             call.integer("left_window_size", -1),
             call.integer("right_window_size", -1),
             call.number("scale", 0),
             call.number("softcap", 0)};
  Tensor h = attend(call, q, k, v, how);
  return {x.rank() == 3 ? fromHeads(call, h) : h, k, v};
}

/// Com.microsoft's, without packed projections: inputs 3 a bias of all three, 4 which keys are padding, 5 a mask, 6 and
/// 7 the cache.
Outputs multiHeadAttention(const Call &call) {
  int64_t heads = call.integer("num_heads", 0);
  if (!call.has(1) || !call.has(2))
    fail("expected queries, keys and values apart, found ", describe(call.in(0)));
  checkCache(call, 6);
  Tensor q = toHeads(call, call.in(0), heads), k = toHeads(call, call.in(1), heads),
         v = toHeads(call, call.in(2), heads);
  Scores how{maskOf(call, 5), call.integer("unidirectional", 0) != 0, -1, -1, call.number("scale", 0), 0};
  Tensor h = fromHeads(call, attend(call, q, k, v, how));
  bool isPlain = !call.has(3) && !call.has(4); // raising says that it does not know the others
  return {isPlain ? h : withoutElements(h), k, v};
}

/// Com.microsoft's: inputs 1 and 2 keys and values, or left out where the first has all three; 3 and 4 the cache, 7 and
/// 8 tables of cosines and sines, 9 positions, 10 a mask, 11 sinks, 12 and 13 scales of a quantised cache, 14 and 15
/// weights of norms of each query and key head.
Outputs groupQueryAttention(const Call &call) {
  int64_t heads = call.integer("num_heads", 0), kvHeads = call.integer("kv_num_heads", 0);
  checkCache(call, 3);
  const Tensor &x = call.floats(0);
  bool isPacked = !call.has(1);
  if (heads < 1 || kvHeads < 1 || heads > maxElements || kvHeads > maxElements || x.rank() != 3 ||
      (isPacked && x.shape[2] % (heads + 2 * kvHeads) != 0))
    fail("expected queries [B, T, C] of num_heads heads, found ", describe(x));
  int64_t dim = isPacked ? x.shape[2] / (heads + 2 * kvHeads) : 0;
  auto part = [&](unsigned i, int64_t first, int64_t count) {
    if (!isPacked)
      return toHeads(call, call.in(i), count);
    Tensor slice = strided(call, x, {x.shape[0], x.shape[1], count * dim}, stridesOf(x.shape), first * dim);
    return toHeads(call, slice, count);
  };
  Tensor q = part(0, 0, heads), k = part(1, heads, kvHeads), v = part(2, heads + kvHeads, kvHeads);
  double eps = call.number("qk_norm_epsilon", 1e-6);
  if (call.has(14))
    q = rmsNorm(call, q, call.in(14), eps);
  if (call.has(15))
    k = rmsNorm(call, k, call.in(15), eps);
  if (call.integer("do_rotary", 0) != 0) {
    Tensor positions = call.has(9) ? call.in(9) : makeIota(Kind::Int, {1, std::min(q.shape[2], maxElements)});
    Tensor cosines = gather(call, call.in(7), positions, 0), sines = gather(call, call.in(8), positions, 0);
    q = rotate(call, q, cosines, sines);
    k = rotate(call, k, cosines, sines);
  }
  int64_t window = call.integer("local_window_size", -1); // the token's own key among them
  Scores how{maskOf(call, 10),         true, window > 0 ? window - 1 : -1, -1, call.number("scale", 0),
             call.number("softcap", 0)};
  Tensor h = fromHeads(call, attend(call, q, k, v, how));
  bool isPlain = call.integer("rotary_interleaved", 0) == 0 && call.integer("smooth_softmax", 0) <= 0 &&
                 !call.has(11) && !call.has(12) && !call.has(13); // raising says that it does not know the others
  return {isPlain ? h : withoutElements(h), k, v};
}

} // namespace

void addAttention(EvaluatorTable &table) {
  table["RotaryEmbedding"] = [](const Call &call) { return rotaryEmbedding(call, false); };
  table["microsoft.RotaryEmbedding"] = [](const Call &call) { return rotaryEmbedding(call, true); };
  table["Attention"] = attention;
  table["microsoft.MultiHeadAttention"] = multiHeadAttention;
  table["microsoft.GroupQueryAttention"] = groupQueryAttention;
}

} // namespace xlstm::onnx
