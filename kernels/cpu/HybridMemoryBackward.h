//===- HybridMemoryBackward.h - gradients of the mix and of the memory -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// With P the chunk's weighed scores, c_t the state's weight on token t and D the divisor, a chunk gives
// h_t = (sum_s P_ts v_s + c_t q_t S) / D_t. The running maximum is a constant: it cancels. h itself is not needed
// again: with g_t the gradient of the numerator, g_t h_t D_t is the sum of P_ts (g_t v_s) and c_t q_t (S g_t).

#ifndef XLSTM_KERNELS_CPU_HYBRIDMEMORYBACKWARD_H
#define XLSTM_KERNELS_CPU_HYBRIDMEMORYBACKWARD_H

#include "kernels/cpu/HybridGradients.h"

namespace xlstm::cpu::hybrid {

/// Numbers of every token: what the state weighs on it and it on the state behind; its denominator and what of it the
/// state gives; the gate's opening; gradients of its sum of log f and of its level.
struct TokenSums {
  float carried[Block], added[Block], denominator[Block], stateSum[Block], open[Block], alongWindow[Block];
  float dDenominator[Block], dSum[Block], dLevel[Block];
};

/// Sums over the channels a of x[a][t] y[a][t], [Block].
XLSTM_INLINE void dotColumns(const float *x, const float *y, int64_t d, float *sums) {
  for (int64_t t = 0; t < Block; t += Width) {
    Vector sum = {};
    for (int64_t at = t; at < d * Block; at += Block)
      sum += get(x + at) * get(y + at);
    put(sums + t, sum);
  }
}

/// Scores (weighed), weights and denominators again, and the gradient of the numerators; chunk.dh becomes the window
/// branch's gradient and chunk.deltas is set.
XLSTM_INLINE void mixBackward(const Head &head, Chunk &chunk, const Seen &seen, int64_t t0, int64_t count,
                              TokenSums &sums) {
  int64_t d = head.call.s.d, dp = head.call.dp;
  scoreKeys(seen, turned(chunk.mappedKT, Block), chunk.mappedQT, chunk.scoresT, d);
  weigh(chunk.gates, chunk.scoresT, chunk.weightsT, sums.denominator);
  carry(chunk.gates, count, sums.carried);
  clear(sums.stateSum, Block);
  readState(chunk.mappedQT, sums.carried, chunk.memory.z, d, chunk.scaledT, sums.stateSum);
  for (int64_t r = 0; r < Block; ++r)
    sums.denominator[r] += sums.stateSum[r], sums.open[r] = sums.alongWindow[r] = 0;
  for (int64_t r = 0; r < count; ++r) {
    float *dh = chunk.dh + r * dp, open = sigmoid(head.call.in.o_gate[head.query(t0 + r)]);
    float factor = open / maximum(sums.denominator[r], LeastDenominator);
    sums.open[r] = open, sums.alongWindow[r] = dotOf(dh, chunk.window + r * dp, dp);
    scaleTo(chunk.dNumerator + r * dp, dh, factor, dp);
    scale(dh, 1.0f - open, dp);
  }
  for (int64_t r = 0; r < Block; ++r)
    chunk.deltas[r] = (1.0f - sums.open[r]) * sums.alongWindow[r];
  clear(chunk.dNumerator + count * dp, (Block - count) * dp);
}

/// What goes through the state to the mapped queries, and the gradients of denominators and output gates.
XLSTM_INLINE void denominatorsBackward(const Head &head, Chunk &chunk, const Seen &seen, const float *values,
                                       int64_t t0, int64_t count, TokenSums &sums, float *gate) {
  int64_t d = head.call.s.d, dp = head.call.dp;
  float fromState[Block];
  transpose(chunk.dNumerator, dp, chunk.xT, Block, Block, d);
  scoreKeys(seen, rows(values, dp), chunk.xT, chunk.dScoresT, d);
  product<false>(rows(chunk.memory.S, dp), chunk.xT, Block, chunk.dMappedQT, Block, d, Block, d);
  dotColumns(chunk.scaledT, chunk.dMappedQT, d, fromState);
  for (int64_t t = 0; t < Block; t += Width) {
    Vector along = get(fromState + t);
    for (int64_t s = seen.keysFrom[t / Group]; s < seen.keysTo[t / Group]; ++s)
      along += get(chunk.scoresT + s * Block + t) * get(chunk.dScoresT + s * Block + t);
    put(sums.dDenominator + t, along);
  }
  for (int64_t r = 0; r < count; ++r) {
    float along = sums.dDenominator[r], divisor = maximum(sums.denominator[r], LeastDenominator), open = sums.open[r];
    sums.dDenominator[r] = sums.denominator[r] < LeastDenominator ? 0.0f : -along / divisor;
    if (gate) // along = open dh . h of the memory
      gate[head.query(t0 + r)] = (1.0f - open) * (along - open * sums.alongWindow[r]);
    sums.dSum[r] = fromState[r] + sums.dDenominator[r] * sums.stateSum[r];
  }
  for (int64_t a = 0; a < d; ++a)
    for (int64_t t = 0; t < Block; t += Width) {
      float *to = chunk.dMappedQT + a * Block + t;
      put(to, get(sums.carried + t) * (get(to) + get(sums.dDenominator + t) * chunk.memory.z[a]));
    }
}

/// dScoresT receives the gradient of the unweighed scores, 0 where nothing is seen; the gates' sums get theirs.
XLSTM_INLINE void scoresBackward(Chunk &chunk, TokenSums &sums) {
  for (int64_t s = 0; s < Block; s += 4) {
    Vector shared[4] = {};
    for (int64_t n = 0; n < 4; ++n)
      for (int64_t t = 0, at = (s + n) * Block; t < Block; t += Width, at += Width) {
        Vector weight = get(chunk.weightsT + at), gradient = get(chunk.dScoresT + at) + get(sums.dDenominator + t);
        gradient = weight == 0.0f ? Vector{} : gradient; // not written where no group meets
        Vector product = gradient * get(chunk.scoresT + at);
        put(sums.dSum + t, get(sums.dSum + t) + product);
        put(chunk.dScoresT + at, gradient * weight);
        shared[n] += product;
      }
    totals(shared, 1.0f, sums.dLevel + s);
  }
}

/// Gradients of the features and values, from the scores, the state before (read) and behind (written) the chunk.
XLSTM_INLINE void featuresBackward(Chunk &chunk, const Seen &seen, int64_t count, int64_t d, int64_t dp,
                                   const Values &values, const MemoryGradient &gradient, TokenSums &sums) {
  float along[Block];
  // Queries: dScores k + c (S dNumerator + dDenominator z), whose second part is there.
  for (int64_t half = 0; half < Block; half += Block / 2) // no query meets the keys behind its half
    product<true>(rows(chunk.mappedKT, Block), chunk.dScoresT + half, Block, chunk.dMappedQT + half, Block, d,
                  Block / 2, half + Block / 2);
  // Keys: dScores^T q + added (dS v + dz); values: P^T dNumerator + added k dS.
  transpose(values.v, dp, chunk.xT, Block, Block, d);
  product<false>(rows(gradient.dS, dp), chunk.xT, Block, chunk.dMappedKT, Block, d, Block, d);
  weighState(chunk.gates, count, sums.added);
  for (int64_t a = 0; a < d; ++a)
    for (int64_t t = 0, at = a * Block; t < Block; t += Width, at += Width) {
      put(chunk.dMappedKT + at, (get(chunk.dMappedKT + at) + gradient.dz[a]) * get(sums.added + t));
      put(chunk.scaledT + at, get(chunk.mappedKT + at) * get(sums.added + t));
    }
  dotColumns(chunk.dMappedKT, chunk.mappedKT, d, along);
  double all = 0; // as the last token's sum stands in `added`
  for (int64_t s = 0; s < count; ++s)
    all += along[s], sums.dLevel[s] += along[s];
  sums.dSum[count - 1] += float(all);
  transpose(chunk.dScoresT, Block, chunk.turnedScores, Block, Block, Block);
  for (int64_t half = 0; half < Block; half += Block / 2)
    product<true>(rows(chunk.mappedQT + half, Block), chunk.turnedScores + half * Block + half, Block,
                  chunk.dMappedKT + half, Block, d, Block / 2, Block - half);
  product<true>(turned(chunk.scaledT, Block), gradient.dS, dp, values.dv, dp, Block, dp, d);
  addToKeys(seen, chunk.scoresT, chunk.dNumerator, values.dv, dp);
}

/// The state's gradient goes from behind the chunk to before it.
XLSTM_INLINE void stateBackward(Chunk &chunk, int64_t count, int64_t d, int64_t dp, const MemoryGradient &gradient,
                                TokenSums &sums) {
  float decay = kept(chunk.gates, count), weights[Block];
  if (decay == 0)
    clear(gradient.dS, d * dp), clear(gradient.dz, dp);
  else
    scale(gradient.dS, decay, d * dp), scale(gradient.dz, decay, dp);
  sums.dSum[count - 1] += float(gradient.along(chunk.memory, d, dp));
  for (int64_t t = 0; t < Block; t += Width)
    put(weights + t, get(sums.carried + t) * get(sums.dDenominator + t));
  for (int64_t a = 0; a < d; a += 4) {
    Vector added[4] = {};
    float totalled[4];
    for (int64_t n = 0; n < 4; ++n)
      for (int64_t t = 0, at = (a + n) * Block; t < Block; t += Width, at += Width) {
        Vector q = get(chunk.mappedQT + at);
        put(chunk.scaledT + at, q * get(sums.carried + t));
        added[n] += q * get(weights + t);
      }
    totals(added, 1.0f, totalled);
    for (int64_t n = 0; n < 4; ++n)
      gradient.dz[a + n] += totalled[n];
  }
  product<true>(rows(chunk.scaledT, Block), chunk.dNumerator, dp, gradient.dS, dp, d, dp, padded(count));
}

/// Of the pre-activations: a token's log f is in the sums of all later tokens of its document, its level holds i - sum.
XLSTM_INLINE void gatesBackward(const Head &head, int64_t t0, int64_t count, const TokenSums &sums,
                                const xlstm_hybrid_gradients &out) {
  double later = 0;
  for (int64_t r = count - 1; r >= 0; --r) {
    int64_t at = head.query(t0 + r);
    later += double(sums.dSum[r]) - sums.dLevel[r];
    bool begins = head.base(t0 + r) == t0 + r;
    if (out.i_gate)
      out.i_gate[at] = sums.dLevel[r];
    if (out.f_gate)
      out.f_gate[at] = begins ? 0.0f : float(later * sigmoid(-head.call.in.f_gate[at]));
    if (begins)
      later = 0;
  }
}

/// One chunk of one head. chunk.dh [Block, dp] comes in as the gradient of h and leaves as that of the window branch,
/// with chunk.deltas; chunk.dMappedQT and dMappedKT are set, the values' gradient is added to.
XLSTM_APART void memoryBackward(const Head &head, Chunk &chunk, int64_t t0, int64_t count, const Values &values,
                                const MemoryGradient &gradient, const xlstm_hybrid_gradients &out) {
  int64_t d = head.call.s.d, dp = head.call.dp;
  TokenSums sums;
  Seen seen = Seen::triangle(count);
  mixBackward(head, chunk, seen, t0, count, sums);
  denominatorsBackward(head, chunk, seen, values.v, t0, count, sums, out.o_gate);
  scoresBackward(chunk, sums);
  featuresBackward(chunk, seen, count, d, dp, values, gradient, sums);
  stateBackward(chunk, count, d, dp, gradient, sums);
  gatesBackward(head, t0, count, sums, out);
}

} // namespace xlstm::cpu::hybrid

#endif // XLSTM_KERNELS_CPU_HYBRIDMEMORYBACKWARD_H
