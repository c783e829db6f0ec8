//===- HybridMemoryBackward.h - gradients of the mix and of the memory -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// With P the chunk's weighed scores, c_t the state's weight on token t and D the divisor, a chunk gives
// h_t = (sum_s P_ts v_s + c_t q_t S) / D_t. The running maximum is a constant: it cancels.

#ifndef XLSTM_KERNELS_CPU_HYBRIDMEMORYBACKWARD_H
#define XLSTM_KERNELS_CPU_HYBRIDMEMORYBACKWARD_H

#include "kernels/cpu/HybridGradients.h"

namespace xlstm::cpu::hybrid {

/// Numbers of every token: what the state weighs on it and it on the state behind; gradients of its sum of log f
/// (`dSum`) and of its level.
struct TokenSums {
  float carried[Block], divisor[Block], dDenominator[Block], added[Block];
  double dSum[Block], dLevel[Block];
};

/// The outputs again: scores (weighed), weights, fromState = c q S. Then the mix backward: the output gate's gradient,
/// dNumerator, dDenominator; chunk.dh becomes the window branch's gradient.
XLSTM_INLINE void mixBackward(const Head &head, Chunk &chunk, int64_t t0, int64_t count, const float *values,
                              TokenSums &sums, const xlstm_hybrid_gradients &out) {
  int64_t d = head.call.s.d, dp = head.call.dp;
  float denominators[Block], *memory = chunk.scaled;
  transpose(chunk.mappedK, dp, chunk.mappedKT, Block, Block, d);
  product<false>(rows(chunk.mappedQ, dp), chunk.mappedKT, Block, chunk.scores, Block, count, Block, d);
  weigh(chunk.gates, chunk.scores, chunk.weights, count, denominators);
  product<false>(rows(chunk.scores, Block), values, dp, memory, dp, count, dp, Block);
  product<false>(rows(chunk.mappedQ, dp), chunk.memory.S, dp, chunk.fromState, dp, count, dp, d);
  for (int64_t r = 0; r < count; ++r) {
    const float *q = chunk.mappedQ + r * dp, *window = chunk.window + r * dp;
    float *dh = chunk.dh + r * dp, *fromState = chunk.fromState + r * dp, *dNumerator = chunk.dNumerator + r * dp;
    float weight = carried(chunk.gates, r), stateSum = weight * dotOf(q, chunk.memory.z, dp);
    scale(fromState, weight, dp);
    float denominator = denominators[r] + stateSum, divisor = maximum(denominator, LeastDenominator);
    float open = sigmoid(head.call.in.o_gate[head.query(t0 + r)]);
    Vector alongMemory = {}, alongWindow = {}, alongState = {};
    for (int64_t c = 0; c < dp; c += Width) {
      Vector gradient = get(dh + c), g = gradient * (open / divisor), state = get(fromState + c);
      alongMemory += g * (get(memory + r * dp + c) + state);
      alongWindow += gradient * get(window + c);
      alongState += g * state;
      put(dNumerator + c, g);
      put(dh + c, gradient * (1.0f - open));
    }
    // alongMemory = open dh . h of the memory
    float along = total(alongMemory), dDenominator = denominator < LeastDenominator ? 0.0f : -along / divisor;
    if (out.o_gate)
      out.o_gate[head.query(t0 + r)] = (1.0f - open) * (along - open * total(alongWindow));
    sums.carried[r] = weight, sums.divisor[r] = divisor, sums.dDenominator[r] = dDenominator;
    sums.dSum[r] = double(total(alongState)) + double(dDenominator) * stateSum;
    sums.dLevel[r] = 0;
  }
}

/// dScores receives the gradient of the unweighed scores; the gates' sums get theirs. `added` is set.
XLSTM_INLINE void scoresBackward(Chunk &chunk, const float *turnedValues, int64_t count, int64_t d, int64_t dp,
                                 TokenSums &sums) {
  product<false>(rows(chunk.dNumerator, dp), turnedValues, Block, chunk.dScores, Block, count, Block, d);
  for (int64_t r = 0; r < count; ++r) {
    float *dScore = chunk.dScores + r * Block, shared[Block];
    for (int64_t s = 0; s < Block; s += Width) {
      Vector gradient = get(dScore + s) + sums.dDenominator[r];
      put(shared + s, gradient * get(chunk.scores + r * Block + s));
      put(dScore + s, gradient * get(chunk.weights + r * Block + s));
    }
    double rowSum = 0;
    for (int64_t s = chunk.gates.first[r]; s <= r; ++s)
      rowSum += shared[s], sums.dLevel[s] += shared[s];
    sums.dSum[r] += rowSum;
  }
  weighState(chunk.gates, count, sums.added);
}

/// Gradients of the features and values, from the scores, the state before (read) and behind (written) the chunk.
XLSTM_INLINE void featuresBackward(Chunk &chunk, int64_t count, int64_t d, int64_t dp, const Values &values,
                                   const MemoryGradient &gradient, TokenSums &sums) {
  // Queries: dScores k + c dNumerator S^T + c dDenominator z.
  transpose(chunk.memory.S, dp, chunk.turnedS, dp, d, d);
  for (int64_t r = 0; r < count; ++r) {
    scaleTo(chunk.scaled + r * dp, chunk.dNumerator + r * dp, sums.carried[r], dp);
    scaleTo(chunk.dMappedQ + r * dp, chunk.memory.z, sums.carried[r] * sums.dDenominator[r], dp);
  }
  product<true>(rows(chunk.scaled, dp), chunk.turnedS, dp, chunk.dMappedQ, dp, count, dp, d);
  product<true>(rows(chunk.dScores, Block), chunk.mappedK, dp, chunk.dMappedQ, dp, count, dp, count);
  // Keys: dScores^T q + added (dS v + dz); values: P^T dNumerator + added k dS.
  transpose(gradient.dS, dp, chunk.turnedS, dp, d, d);
  product<false>(rows(values.v, dp), chunk.turnedS, dp, chunk.dMappedK, dp, count, dp, d);
  for (int64_t s = 0; s < count; ++s) {
    float *dKey = chunk.dMappedK + s * dp;
    const float *key = chunk.mappedK + s * dp;
    scaleAdd(dKey, sums.added[s], gradient.dz, sums.added[s], dp);
    double along = dotOf(dKey, key, dp);
    sums.dLevel[s] += along;
    scaleTo(chunk.scaled + s * dp, key, sums.added[s], dp);
    sums.dSum[count - 1] += along; // as the last token's sum stands in `added`
  }
  product<true>(turned(chunk.dScores, Block), chunk.mappedQ, dp, chunk.dMappedK, dp, count, dp, count);
  product<true>(rows(chunk.scaled, dp), gradient.dS, dp, values.dv, dp, count, dp, d);
  product<true>(turned(chunk.scores, Block), chunk.dNumerator, dp, values.dv, dp, count, dp, count);
}

/// The state's gradient goes from behind the chunk to before it.
XLSTM_INLINE void stateBackward(Chunk &chunk, int64_t count, int64_t d, int64_t dp, const MemoryGradient &gradient,
                                TokenSums &sums) {
  float decay = kept(chunk.gates, count);
  if (decay == 0)
    clear(gradient.dS, d * dp), clear(gradient.dz, dp);
  else
    scale(gradient.dS, decay, d * dp), scale(gradient.dz, decay, dp);
  sums.dSum[count - 1] += gradient.along(chunk.memory, d, dp);
  for (int64_t r = 0; r < count; ++r) {
    const float *q = chunk.mappedQ + r * dp;
    scaleTo(chunk.scaled + r * dp, q, sums.carried[r], dp);
    scaleAdd(gradient.dz, 1, q, sums.carried[r] * sums.dDenominator[r], dp);
  }
  product<true>(turned(chunk.scaled, dp), chunk.dNumerator, dp, gradient.dS, dp, d, dp, count);
}

/// Of the pre-activations: a token's log f is in the sums of all later tokens of its document, its level holds i - sum.
XLSTM_INLINE void gatesBackward(const Head &head, int64_t t0, int64_t count, const TokenSums &sums,
                                const xlstm_hybrid_gradients &out) {
  double later = 0;
  for (int64_t r = count - 1; r >= 0; --r) {
    int64_t at = head.query(t0 + r);
    later += sums.dSum[r] - sums.dLevel[r];
    bool begins = head.base(t0 + r) == t0 + r;
    if (out.i_gate)
      out.i_gate[at] = float(sums.dLevel[r]);
    if (out.f_gate)
      out.f_gate[at] = begins ? 0.0f : float(later * sigmoid(-head.call.in.f_gate[at]));
    if (begins)
      later = 0;
  }
}

/// One chunk of one head. chunk.dh [count, dp] comes in as the gradient of h and leaves as that of the window branch;
/// chunk.dMappedQ and dMappedK are set, the values' gradient is added to.
XLSTM_APART void memoryBackward(const Head &head, Chunk &chunk, int64_t t0, int64_t count, const Values &values,
                                const MemoryGradient &gradient, const xlstm_hybrid_gradients &out) {
  int64_t d = head.call.s.d, dp = head.call.dp;
  TokenSums sums;
  mixBackward(head, chunk, t0, count, values.v, sums, out);
  scoresBackward(chunk, values.vT, count, d, dp, sums);
  featuresBackward(chunk, count, d, dp, values, gradient, sums);
  stateBackward(chunk, count, d, dp, gradient, sums);
  gatesBackward(head, t0, count, sums, out);
}

} // namespace xlstm::cpu::hybrid

#endif // XLSTM_KERNELS_CPU_HYBRIDMEMORYBACKWARD_H
