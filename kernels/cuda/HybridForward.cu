//===- HybridForward.cu - the mixer forward: plan and C ABI ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/HybridFast.cuh"
#include "kernels/cuda/HybridPlain.cuh"
#include "kernels/cuda/HybridRows.cuh"
#include "kernels/cuda/HybridSetup.cuh"
#include "kernels/cuda/HybridTiles.cuh"

using namespace xlstm::cuda;

namespace {

struct PlainPlan {
  Arena arena;
  Problem p;
  Gates gates;
  plain::Features features;
  States states;

  PlainPlan(const xlstm_hybrid_shape &shape, const xlstm_hybrid_inputs *in, const TokenStrides &strides,
            const xlstm_hybrid_state *state, void *base)
      : arena{static_cast<char *>(base)}, p(problemOf(shape, in, strides, rows::Chunk)) {
    takeHistory(arena, p, shape, state);
    gates = takeGates(arena, p);
    int64_t size = shape.B * shape.T * shape.H * shape.d;
    features = {arena.take<float>(size), arena.take<float>(size)};
    states = takeStates(arena, p);
  }
};

struct FastPlan {
  Arena arena;
  Problem p;
  Gates gates;
  fast::Facts facts;
  Bf16 *kFeatures;
  fast::HalfStates states;
  fast::Segments segments;

  FastPlan(const xlstm_hybrid_shape &shape, const xlstm_hybrid_inputs *in, const TokenStrides &strides,
           const xlstm_hybrid_state *state, void *base)
      : arena{static_cast<char *>(base)}, p(problemOf(shape, in, strides, tiles::Rows)) {
    takeHistory(arena, p, shape, state);
    gates = takeGates(arena, p);
    facts = fast::takeFacts(arena, p);
    kFeatures = arena.take<Bf16>(shape.B * shape.T * shape.H * shape.d);
    states = fast::takeHalfStates(arena, p);
    segments = fast::takeSegments(arena, p);
  }
};

cudaError_t runFast(const xlstm_hybrid_shape &shape, const xlstm_hybrid_inputs &in, const TokenStrides &strides,
                    const xlstm_hybrid_state *state, void *h, const xlstm_hybrid_saved &saved, void *workspace,
                    bool moveState, cudaStream_t stream) {
  FastPlan plan(shape, &in, strides, state, workspace);
  const Problem &p = plan.p;
  if (state)
    XLSTM_CUDA_TRY(copyHistory(p, shape, *state, stream));
  XLSTM_CUDA_TRY(scanGates(p, plan.gates, in.i_gate, in.f_gate, state ? state->m : nullptr, stream));
  const xlstm_hybrid_state none{}, &before = state ? *state : none, &after = moveState ? before : none;
  XLSTM_CUDA_TRY(fast::fillFacts(p, plan.gates, plan.facts, in.i_gate, saved.max, stream));
  XLSTM_CUDA_TRY(fast::chunkStates(p, plan.gates, plan.facts, plan.kFeatures, plan.states, plan.segments, before.S,
                                   before.z, after.S, after.z, after.m, stream));
  XLSTM_CUDA_TRY(fast::outputs(p, plan.facts, plan.kFeatures, plan.states, h, saved, stream));
  return moveState ? updateRings(p, shape, *state, stream) : cudaSuccess;
}

cudaError_t runPlain(const xlstm_hybrid_shape &shape, const xlstm_hybrid_inputs &in, const TokenStrides &strides,
                     const xlstm_hybrid_state *state, void *h, const xlstm_hybrid_saved &saved, void *workspace,
                     bool moveState, cudaStream_t stream) {
  PlainPlan plan(shape, &in, strides, state, workspace);
  const Problem &p = plan.p;
  bool half = shape.type == XLSTM_BF16;
  if (state)
    XLSTM_CUDA_TRY(copyHistory(p, shape, *state, stream));
  XLSTM_CUDA_TRY(scanGates(p, plan.gates, in.i_gate, in.f_gate, state ? state->m : nullptr, stream));
  XLSTM_CUDA_TRY(plain::featureMaps(p, plan.features, half, stream));
  XLSTM_CUDA_TRY(plain::chunkStates(p, plan.gates, plan.features, plan.states, half, stream));
  const xlstm_hybrid_state none{}, &before = state ? *state : none, &after = moveState ? before : none;
  XLSTM_CUDA_TRY(scanStates(p, plan.gates, plan.states, before.S, before.z, after.S, after.z, after.m, stream));
  XLSTM_CUDA_TRY(plain::outputs(p, plan.gates, plan.features, plan.states, h, in.i_gate, saved, half, stream));
  return moveState ? updateRings(p, shape, *state, stream) : cudaSuccess;
}

} // namespace

cudaError_t xlstm::cuda::runForward(const xlstm_hybrid_shape &shape, const xlstm_hybrid_inputs &in,
                                    const TokenStrides &strides, const xlstm_hybrid_state *state, void *h,
                                    const xlstm_hybrid_saved *saved, void *workspace, bool moveState,
                                    cudaStream_t stream) {
  auto *run = fast::isFast(shape) ? runFast : runPlain;
  return run(shape, in, strides, state, h, saved ? *saved : xlstm_hybrid_saved{}, workspace, moveState, stream);
}

int xlstm::cuda::hybridForward(const xlstm_hybrid_shape &shape, const xlstm_hybrid_inputs &in,
                               const TokenStrides &strides, xlstm_hybrid_state &state, void *h, void *workspace,
                               void *stream) {
  if (!isSupported(shape) || strides.q % 8 || strides.k % 8 || strides.v % 8)
    return cudaErrorInvalidValue;
  if (shape.T == 0 || shape.B == 0)
    return cudaSuccess;
  return runForward(shape, in, strides, &state, h, nullptr, workspace, true, static_cast<cudaStream_t>(stream));
}

extern "C" size_t xlstm_cuda_hybrid_forward_workspace(const xlstm_hybrid_shape *shape) {
  if (!isSupported(*shape))
    return 0;
  return fast::isFast(*shape) ? FastPlan(*shape, nullptr, {}, nullptr, nullptr).arena.used
                              : PlainPlan(*shape, nullptr, {}, nullptr, nullptr).arena.used;
}

extern "C" int xlstm_cuda_hybrid_forward(const xlstm_hybrid_shape *shape, const xlstm_hybrid_inputs *in,
                                         xlstm_hybrid_state *state, void *h, xlstm_hybrid_saved *saved, void *workspace,
                                         void *stream) {
  if (!isSupported(*shape))
    return cudaErrorInvalidValue;
  if (shape->T == 0 || shape->B == 0)
    return cudaSuccess;
  return runForward(*shape, *in, denseStrides(*shape), state, h, saved, workspace, state != nullptr,
                    static_cast<cudaStream_t>(stream));
}
