//===- HybridBackward.cu - the mixer backward: plan and C ABI -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of work: gates, features and chunk states again; gradients by query (they need the states); the gradient of
// the states, chunk by chunk from the end; gradients by key; maps and gates. No atomics: always the same bits.

#include "kernels/cuda/HybridFast.cuh"
#include "kernels/cuda/HybridPlain.cuh"
#include "kernels/cuda/HybridRows.cuh"
#include "kernels/cuda/HybridSetup.cuh"
#include "kernels/cuda/HybridTiles.cuh"

#include <algorithm>

using namespace xlstm::cuda;

namespace {

/// What both paths need: room for what forward keeps and for forward's own workspace, over which backward's then lies.
struct Common {
  Arena arena;
  Problem p;
  xlstm_hybrid_saved saved;
  void *h;
  char *forward;
  Gates gates;
  float *delta, *gamma, *da, *partial, *dS0, *dz0, *final;

  Common(const xlstm_hybrid_shape &shape, const xlstm_hybrid_inputs *in, const xlstm_hybrid_state *state, void *base,
         int chunk, int64_t mapSegments)
      : arena{static_cast<char *>(base)}, p(problemOf(shape, in, denseStrides(shape), chunk)) {
    int64_t tokens = shape.B * shape.T * shape.H, heads = shape.B * shape.H;
    saved.window_lse = arena.take<float>(tokens);
    saved.max = arena.take<float>(tokens);
    saved.denominator = arena.take<float>(tokens);
    saved.window_out = arena.take<char>(tokens * shape.d * elementSize(shape.type));
    h = arena.take<char>(tokens * shape.d * elementSize(shape.type));
    forwardAt = arena.used;
    forward = arena.take<char>(0);
    takeHistory(arena, p, shape, state);
    gates = takeGates(arena, p);
    delta = arena.take<float>(tokens);
    gamma = arena.take<float>(tokens);
    da = arena.take<float>(tokens);
    partial = arena.take<float>(heads * mapSegments * shape.d * shape.d);
    dS0 = arena.take<float>(heads * shape.d * shape.d);
    dz0 = arena.take<float>(heads * shape.d);
    final = arena.take<float>(heads);
  }
  size_t forwardAt;
};

struct PlainPlan : Common {
  plain::Features features;
  States states, gradients;
  plain::Scratch scratch;

  PlainPlan(const xlstm_hybrid_shape &shape, const xlstm_hybrid_inputs *in, const xlstm_hybrid_state *state, void *base)
      : Common(shape, in, state, base, rows::Chunk, ceilDiv(shape.T, plain::MapSegment)) {
    int64_t size = shape.B * shape.T * shape.H * shape.d;
    features = {arena.take<float>(size), arena.take<float>(size)};
    states = takeStates(arena, p);
    gradients = takeStates(arena, p);
    scratch = {delta, gamma, arena.take<float>(size), arena.take<float>(size), da};
  }
};

struct FastPlan : Common {
  fast::HalfStates states, gradients;
  fast::Segments segments;
  fast::Facts facts;
  fast::Scratch scratch;
  float *products;

  FastPlan(const xlstm_hybrid_shape &shape, const xlstm_hybrid_inputs *in, const xlstm_hybrid_state *state, void *base)
      : Common(shape, in, state, base, tiles::Rows, ceilDiv(ceilDiv(shape.T, tiles::Rows), fast::MapChunks)) {
    int64_t size = shape.B * shape.T * shape.H * shape.d;
    int64_t rows = shape.B * shape.H * shape.S * shape.d;
    states = fast::takeHalfStates(arena, p);
    gradients = fast::takeHalfStates(arena, p);
    segments = fast::takeSegments(arena, p);
    products = fast::takeProducts(arena, p);
    facts = fast::takeFacts(arena, p);
    scratch.delta = delta, scratch.da = da;
    for (float **array :
         {&scratch.gamma, &scratch.factor, &scratch.lse, &scratch.shut, &scratch.scaledShut, &scratch.scaledDelta})
      *array = arena.take<float>(shape.B * shape.H * p.chunks * p.chunk);
    scratch.qLogits = arena.take<Bf16>(size);
    scratch.kFeatures = arena.take<Bf16>(size);
    scratch.qFeatures = arena.take<Bf16>(size);
    scratch.sinkK = arena.take<float>(rows * p.chunks);
    scratch.sinkV = arena.take<float>(rows * p.chunks);
    scratch.sinks = arena.take<float>(2 * rows * fast::sinkSlots(shape.T, shape.W));
  }
};

/// A call's arguments, with what forward kept or would have.
struct Call {
  const xlstm_hybrid_shape &shape;
  const xlstm_hybrid_inputs &in;
  const xlstm_hybrid_state *initial;
  xlstm_hybrid_saved saved;
  const void *dh;
  xlstm_hybrid_state dState; // null pointers: none
  xlstm_hybrid_gradients out;
  void *workspace;
  cudaStream_t stream;

  cudaError_t prepare(const Common &plan) {
    if (!saved.window_lse || !saved.denominator || !saved.window_out) {
      saved = plan.saved;
      XLSTM_CUDA_TRY(runForward(shape, in, denseStrides(shape), initial, plan.h, &saved, plan.forward, false, stream));
    }
    if (initial)
      XLSTM_CUDA_TRY(copyHistory(plan.p, shape, *initial, stream));
    return scanGates(plan.p, plan.gates, in.i_gate, in.f_gate, initial ? initial->m : nullptr, stream);
  }
  xlstm_hybrid_state before() const { return initial ? *initial : xlstm_hybrid_state{}; }
};

cudaError_t runPlain(Call call) {
  PlainPlan plan(call.shape, &call.in, call.initial, call.workspace);
  const Problem &p = plan.p;
  const xlstm_hybrid_state before = call.before(), &dState = call.dState;
  const xlstm_hybrid_gradients &out = call.out;
  cudaStream_t stream = call.stream;
  bool half = call.shape.type == XLSTM_BF16;
  XLSTM_CUDA_TRY(call.prepare(plan));
  XLSTM_CUDA_TRY(plain::featureMaps(p, plan.features, half, stream));
  XLSTM_CUDA_TRY(plain::chunkStates(p, plan.gates, plan.features, plan.states, half, stream));
  XLSTM_CUDA_TRY(scanStates(p, plan.gates, plan.states, before.S, before.z, plan.dS0, plan.dz0, nullptr, stream));
  if (dState.S)
    XLSTM_CUDA_TRY(stateProduct(p, plan.dS0, plan.dz0, nullptr, dState.S, dState.z, plan.final, stream));
  XLSTM_CUDA_TRY(plain::queryGradients(p, plan.gates, plan.features, plan.states, call.saved, call.dh, plan.scratch,
                                       out, half, stream));
  XLSTM_CUDA_TRY(plain::chunkStateGradients(p, plan.gates, plan.features, call.dh, call.saved, plan.scratch,
                                            plan.gradients, half, stream));
  float *dS0 = out.S ? out.S : plan.dS0, *dz0 = out.z ? out.z : plan.dz0;
  XLSTM_CUDA_TRY(scanStateGradients(p, plan.gates, plan.gradients, dState.S, dState.z, dS0, dz0, stream));
  if (out.m)
    XLSTM_CUDA_TRY(stateProduct(p, before.S, before.z, before.m, dS0, dz0, out.m, stream));
  XLSTM_CUDA_TRY(plain::keyGradients(p, plan.gates, plan.features, plan.gradients, call.saved, call.dh, plan.scratch,
                                     out, half, stream));
  XLSTM_CUDA_TRY(plain::mapGradients(p, plan.scratch, plan.partial, out.q_map, out.k_map, half, stream));
  return gateGradients(p, call.in.f_gate, plan.da, dState.S ? plan.final : nullptr, out.i_gate, out.f_gate, stream);
}

cudaError_t runFast(Call call) {
  FastPlan plan(call.shape, &call.in, call.initial, call.workspace);
  const Problem &p = plan.p;
  const xlstm_hybrid_state before = call.before(), &dState = call.dState;
  const xlstm_hybrid_gradients &out = call.out;
  cudaStream_t stream = call.stream;
  XLSTM_CUDA_TRY(call.prepare(plan));
  XLSTM_CUDA_TRY(fast::fillFacts(p, plan.gates, plan.facts, call.in.i_gate, nullptr, stream));
  XLSTM_CUDA_TRY(fast::chunkStates(p, plan.gates, plan.facts, plan.scratch.kFeatures, plan.states, plan.segments,
                                   before.S, before.z, plan.dS0, plan.dz0, nullptr, stream));
  if (dState.S)
    XLSTM_CUDA_TRY(stateProduct(p, plan.dS0, plan.dz0, nullptr, dState.S, dState.z, plan.final, stream));
  XLSTM_CUDA_TRY(fast::memoryQueryGradients(p, plan.facts, plan.states, call.saved.denominator, call.dh, plan.scratch,
                                            plan.gradients, out.o_gate, stream));
  XLSTM_CUDA_TRY(fast::windowQueryGradients(p, call.saved, call.dh, plan.scratch, out, stream));
  float *dS0 = out.S ? out.S : plan.dS0, *dz0 = out.z ? out.z : plan.dz0;
  XLSTM_CUDA_TRY(fast::scanHalfGradients(p, plan.gates, plan.states, plan.gradients, dState.S, dState.z, dS0, dz0,
                                         plan.products, stream));
  if (out.m)
    XLSTM_CUDA_TRY(stateProduct(p, before.S, before.z, before.m, dS0, dz0, out.m, stream));
  XLSTM_CUDA_TRY(fast::memoryKeyGradients(p, plan.facts, plan.gradients, call.dh, plan.scratch, stream));
  XLSTM_CUDA_TRY(fast::sumSinks(p, plan.scratch, stream));
  XLSTM_CUDA_TRY(fast::windowKeyGradients(p, plan.facts, call.dh, plan.scratch, out, stream));
  plain::Scratch window{};
  window.delta = plan.delta;
  XLSTM_CUDA_TRY(plain::stateKeyGradients(p, call.saved, call.dh, window, out, stream));
  XLSTM_CUDA_TRY(fast::mapGradients(p, plan.scratch, plan.partial, out.q_map, out.k_map, stream));
  return fast::gateGradients(p, plan.products, plan.da, call.in.f_gate, dState.S ? plan.final : nullptr, out.i_gate,
                             out.f_gate, stream);
}

} // namespace

extern "C" size_t xlstm_cuda_hybrid_backward_workspace(const xlstm_hybrid_shape *shape) {
  if (!isSupported(*shape))
    return 0;
  auto sizes = [&](const Common &plan) {
    return std::max(plan.arena.used, plan.forwardAt + xlstm_cuda_hybrid_forward_workspace(shape));
  };
  return fast::isFastBackward(*shape) ? sizes(FastPlan(*shape, nullptr, nullptr, nullptr))
                                      : sizes(PlainPlan(*shape, nullptr, nullptr, nullptr));
}

extern "C" int xlstm_cuda_hybrid_backward(const xlstm_hybrid_shape *shape, const xlstm_hybrid_inputs *in,
                                          const xlstm_hybrid_state *initial, const xlstm_hybrid_saved *saved,
                                          const void * /*h*/, const void *dh, const xlstm_hybrid_state *d_state,
                                          xlstm_hybrid_gradients *out, void *workspace, void *stream) {
  if (!isSupported(*shape))
    return cudaErrorInvalidValue;
  if (shape->T == 0 || shape->B == 0)
    return cudaSuccess;
  Call call{*shape,
            *in,
            initial,
            saved ? *saved : xlstm_hybrid_saved{},
            dh,
            d_state ? *d_state : xlstm_hybrid_state{},
            *out,
            workspace,
            static_cast<cudaStream_t>(stream)};
  return fast::isFastBackward(*shape) ? runFast(call) : runPlain(call);
}
