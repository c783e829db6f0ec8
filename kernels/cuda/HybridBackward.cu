//===- HybridBackward.cu - the mixer backward: plan and C ABI -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of work: gates, features and chunk states again; gradients by query (they need the states); the gradient of
// the states, chunk by chunk from the end; gradients by key; maps and gates. No atomics: always the same bits.

#include "kernels/cuda/HybridPlain.cuh"
#include "kernels/cuda/HybridRows.cuh"
#include "kernels/cuda/HybridSetup.cuh"

#include <algorithm>

using namespace xlstm::cuda;

namespace {

struct PlainPlan {
  Arena arena;
  Problem p;
  Gates gates;
  plain::Features features;
  States states, gradients;
  plain::Scratch scratch;
  xlstm_hybrid_saved saved;
  void *h;
  float *partial, *dS0, *dz0, *final;
  char *forward; // forward's own workspace, shared with what only backward uses

  PlainPlan(const xlstm_hybrid_shape &shape, const xlstm_hybrid_inputs *in, const xlstm_hybrid_state *state, void *base)
      : arena{static_cast<char *>(base)}, p(problemOf(shape, in, rows::Chunk)) {
    int64_t tokens = shape.B * shape.T * shape.H, heads = shape.B * shape.H;
    saved.window_lse = arena.take<float>(tokens);
    saved.max = arena.take<float>(tokens);
    saved.denominator = arena.take<float>(tokens);
    saved.window_out = arena.take<char>(tokens * shape.d * elementSize(shape.type));
    h = arena.take<char>(tokens * shape.d * elementSize(shape.type));
    forward = arena.take<char>(0);
    takeHistory(arena, p, shape, state);
    gates = takeGates(arena, p);
    features = {arena.take<float>(tokens * shape.d), arena.take<float>(tokens * shape.d)};
    states = takeStates(arena, p);
    gradients = takeStates(arena, p);
    scratch.delta = arena.take<float>(tokens);
    scratch.gamma = arena.take<float>(tokens);
    scratch.da = arena.take<float>(tokens);
    scratch.qLogits = arena.take<float>(tokens * shape.d);
    scratch.kLogits = arena.take<float>(tokens * shape.d);
    partial = arena.take<float>(heads * ceilDiv(shape.T, plain::MapSegment) * shape.d * shape.d);
    dS0 = arena.take<float>(heads * shape.d * shape.d);
    dz0 = arena.take<float>(heads * shape.d);
    final = arena.take<float>(heads);
  }
};

/// The states once more: those of backward's chunks need not be those of forward's.
cudaError_t recompute(const PlainPlan &plan, const xlstm_hybrid_shape &shape, const xlstm_hybrid_inputs &in,
                      const xlstm_hybrid_state *initial, float *S1, float *z1, cudaStream_t stream) {
  const Problem &p = plan.p;
  bool half = shape.type == XLSTM_BF16;
  if (initial)
    XLSTM_CUDA_TRY(copyHistory(p, shape, *initial, stream));
  XLSTM_CUDA_TRY(scanGates(p, plan.gates, in.i_gate, in.f_gate, initial ? initial->m : nullptr, stream));
  XLSTM_CUDA_TRY(plain::featureMaps(p, plan.features, half, stream));
  XLSTM_CUDA_TRY(plain::chunkStates(p, plan.gates, plan.features, plan.states, half, stream));
  return scanStates(p, plan.gates, plan.states, initial ? initial->S : nullptr, initial ? initial->z : nullptr, S1, z1,
                    nullptr, stream);
}

cudaError_t runPlain(const xlstm_hybrid_shape &shape, const xlstm_hybrid_inputs &in, const xlstm_hybrid_state *initial,
                     const xlstm_hybrid_saved *kept, const void *dh, const xlstm_hybrid_state *dState,
                     const xlstm_hybrid_gradients &out, void *workspace, cudaStream_t stream) {
  PlainPlan plan(shape, &in, initial, workspace);
  const Problem &p = plan.p;
  bool half = shape.type == XLSTM_BF16;
  xlstm_hybrid_saved saved = kept ? *kept : xlstm_hybrid_saved{};
  if (!saved.window_lse || !saved.denominator || !saved.window_out) {
    saved = plan.saved;
    XLSTM_CUDA_TRY(runForward(shape, in, initial, plan.h, &saved, plan.forward, false, stream));
  }
  float *S1 = dState ? plan.dS0 : nullptr, *z1 = dState ? plan.dz0 : nullptr; // free until the states' gradient
  XLSTM_CUDA_TRY(recompute(plan, shape, in, initial, S1, z1, stream));
  if (dState)
    XLSTM_CUDA_TRY(stateProduct(p, S1, z1, nullptr, dState->S, dState->z, plan.final, stream));
  XLSTM_CUDA_TRY(plain::queryGradients(p, plan.gates, plan.features, plan.states, saved, dh, plan.scratch, out, half, stream));
  XLSTM_CUDA_TRY(plain::chunkStateGradients(p, plan.gates, plan.features, dh, saved, plan.scratch, plan.gradients, half, stream));
  float *dS0 = out.S ? out.S : plan.dS0, *dz0 = out.z ? out.z : plan.dz0;
  XLSTM_CUDA_TRY(scanStateGradients(p, plan.gates, plan.gradients, dState ? dState->S : nullptr,
                                    dState ? dState->z : nullptr, dS0, dz0, stream));
  if (out.m)
    XLSTM_CUDA_TRY(stateProduct(p, initial ? initial->S : nullptr, initial ? initial->z : nullptr,
                                initial ? initial->m : nullptr, dS0, dz0, out.m, stream));
  XLSTM_CUDA_TRY(plain::keyGradients(p, plan.gates, plan.features, plan.gradients, saved, dh, plan.scratch, out, half, stream));
  XLSTM_CUDA_TRY(plain::mapGradients(p, plan.scratch, plan.partial, out.q_map, out.k_map, half, stream));
  return gateGradients(p, in.f_gate, plan.scratch.da, dState ? plan.final : nullptr, out.i_gate, out.f_gate, stream);
}

} // namespace

extern "C" size_t xlstm_cuda_hybrid_backward_workspace(const xlstm_hybrid_shape *shape) {
  if (!isSupported(*shape))
    return 0;
  PlainPlan plan(*shape, nullptr, nullptr, nullptr);
  size_t before = 2 * elementSize(shape->type) * shape->B * shape->T * shape->H * shape->d +
                  3 * sizeof(float) * shape->B * shape->T * shape->H + 5 * 256;
  return std::max(plan.arena.used, before + xlstm_cuda_hybrid_forward_workspace(shape));
}

extern "C" int xlstm_cuda_hybrid_backward(const xlstm_hybrid_shape *shape, const xlstm_hybrid_inputs *in,
                                          const xlstm_hybrid_state *initial, const xlstm_hybrid_saved *saved,
                                          const void * /*h*/, const void *dh, const xlstm_hybrid_state *d_state,
                                          xlstm_hybrid_gradients *out, void *workspace, void *stream) {
  if (!isSupported(*shape))
    return cudaErrorInvalidValue;
  if (shape->T == 0 || shape->B == 0)
    return cudaSuccess;
  return runPlain(*shape, *in, initial, saved, dh, d_state, *out, workspace, static_cast<cudaStream_t>(stream));
}
