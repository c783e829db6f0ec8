//===- CudaSession.cpp - texts that a model on a GPU reads and writes -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/CudaSession.h"
#include "xlstm/Support/Error.h"

#include <algorithm>

namespace xlstm {

static size_t idBytes(const xlstm_cuda_model_info &model) {
  return std::max(model.functions[0].tokens * model.batch, model.most_rows) * sizeof(int64_t);
}
static size_t apartBytes(const xlstm_cuda_model_info &model) {
  return std::max<int64_t>(model.most_rows, 1) * sizeof(int64_t);
}
static size_t logitBytes(const xlstm_cuda_model_info &model) {
  return std::max<int64_t>(model.batch, model.most_rows) * model.vocab * sizeof(float);
}

/// Memory is taken piece by piece; what is missing is said before.
static DeviceInfo openDeviceFor(const xlstm_cuda_model_info &model) {
  DeviceInfo device = openDevice();
  const size_t needed = model.weight_bytes + 2 * model.state_bytes + model.scratch_bytes + model.workspace_bytes() +
                        model.zeroed_bytes() + idBytes(model) + logitBytes(model) + apartBytes(model);
  if (needed > device.freeBytes)
    fail("GPU ", device.name, ": ", needed >> 20, " MiB of memory are needed, ", device.freeBytes >> 20, " of ",
         device.totalBytes >> 20, " MiB are free");
  return device;
}

CudaWorkplace::CudaWorkplace(const xlstm_cuda_model_info &model, const char *carried)
    : model(model), device(openDeviceFor(model)), weights(model.weight_bytes, "weights"),
      scratch(model.scratch_bytes, "activations"), workspace(model.workspace_bytes(), "kernels"),
      zeroed(model.zeroed_bytes(), "kernels"), ids(idBytes(model), "token ids"), logits(logitBytes(model), "logits"),
      apart(apartBytes(model), "states"), hostIds(idBytes(model)), hostLogits(logitBytes(model)),
      hostApart(apartBytes(model)) {
  fillWeights(model, carried, weights.get(), stream);
  stream.clear(zeroed.get(), zeroed.size());
}

xlstm_cuda_memory CudaWorkplace::memory(char *state) const {
  return {weights.get(),
          state,
          scratch.get(),
          workspace.get(),
          zeroed.get(),
          reinterpret_cast<const int64_t *>(ids.get()),
          reinterpret_cast<float *>(logits.get()),
          reinterpret_cast<const int64_t *>(apart.get())};
}

std::span<float> CudaWorkplace::logitsOf(size_t row) const {
  const auto vocab = static_cast<size_t>(model.vocab);
  return std::span(reinterpret_cast<float *>(hostLogits.get()) + row * vocab, vocab);
}

void CudaWorkplace::runTogether(const std::vector<char *> &states, std::span<const int64_t> tokens) {
  constexpr int runsBefore = 4;     // recording takes as long as some runs
  constexpr size_t mostGraphs = 32; // of sets of texts that come and go
  const std::string tried = "running " + std::to_string(states.size()) + " texts on the GPU";
  std::ranges::copy(tokens, reinterpret_cast<int64_t *>(hostIds.get()));
  const xlstm_cuda_memory at = memory(weights.get()); // any place that stays: states are so far from it
  std::ranges::transform(states, reinterpret_cast<int64_t *>(hostApart.get()), [&](char *state) { return state - at.state; });
  auto enqueue = [&] {
    stream.copy(ids.get(), hostIds.get(), tokens.size_bytes());
    stream.copy(apart.get(), hostApart.get(), states.size() * sizeof(int64_t));
    int status = model.decode_many(&at, states.data(), static_cast<int64_t>(states.size()), stream.get());
    stream.copy(hostLogits.get(), logits.get(), states.size() * static_cast<size_t>(model.vocab) * sizeof(float));
    return status;
  };
  if (together.size() > mostGraphs)
    together.clear();
  Together &known = together[model.goes_by_rows ? states : std::vector<char *>(states.size())];
  if (!known.graph && ++known.runs > runsBefore)
    known.graph = std::make_unique<Graph>(stream, enqueue, tried);
  if (known.graph)
    known.graph->launch(stream);
  else
    checkDevice(enqueue(), tried);
  stream.wait(tried);
}

CudaSession::CudaSession(std::shared_ptr<CudaWorkplace> given)
    : Session(given->model.cache_tokens), place(std::move(given)), model(place->model), stream(place->stream),
      state(model.state_bytes, "the state of a text"), logits(static_cast<size_t>(model.vocab)),
      graphs(model.function_count) {
  reset();
}

void CudaSession::reset() {
  const xlstm_cuda_memory at = place->memory(state.get());
  checkDevice(model.init_state(&at, stream.get()), "starting a text on the GPU");
  stream.wait("starting a text on the GPU");
  count = 0;
}

void CudaSession::prepare(size_t function) {
  const xlstm_cuda_memory at = place->memory(state.get());
  const xlstm_cuda_function &f = model.functions[function];
  const std::string tried = "running " + std::to_string(f.tokens) + " tokens on the GPU";
  DeviceBuffer before(model.state_bytes, "a copy of the state");
  stream.copy(before.get(), state.get(), model.state_bytes);
  const PinnedBuffer &hostIds = place->hostIds, &hostLogits = place->hostLogits;
  const DeviceBuffer &ids = place->ids, &found = place->logits;
  stream.copy(ids.get(), hostIds.get(), f.tokens * model.batch * sizeof(int64_t));
  checkDevice(f.run(&at, stream.get()), tried);
  stream.copy(state.get(), before.get(), model.state_bytes);
  stream.wait(tried);
  auto enqueue = [&] { // with the ids' way there and the logits' way back
    stream.copy(ids.get(), hostIds.get(), f.tokens * model.batch * sizeof(int64_t));
    int status = f.run(&at, stream.get());
    stream.copy(hostLogits.get(), found.get(), static_cast<size_t>(model.batch * model.vocab) * sizeof(float));
    return status;
  };
  graphs[function] = std::make_unique<Graph>(stream, enqueue, tried);
}

void CudaSession::run(size_t function, std::span<const int64_t> tokens) {
  auto *row = reinterpret_cast<int64_t *>(place->hostIds.get());
  for (int32_t b = 0; b < model.batch; ++b, row += tokens.size())
    std::ranges::copy(tokens, row);
  if (!graphs[function])
    prepare(function);
  graphs[function]->launch(stream);
  count += static_cast<int64_t>(tokens.size());
}

std::span<float> CudaSession::takeLogits() {
  stream.wait("running the model on the GPU");
  std::ranges::copy(place->logitsOf(0), logits.begin());
  return logits;
}

void CudaSession::readRows(std::span<Session *const> all, std::span<const int64_t> ids,
                           std::vector<std::span<float>> &found) {
  std::vector<char *> states;
  for (Session *one : all)
    states.push_back(static_cast<CudaSession *>(one)->state.get());
  place->runTogether(states, ids);
  for (size_t row = 0; row < all.size(); ++row) {
    auto &session = static_cast<CudaSession &>(*all[row]);
    std::ranges::copy(place->logitsOf(row), session.logits.begin());
    ++session.count;
    found.push_back(session.logits);
  }
}

std::span<float> CudaSession::readOne(int64_t id) {
  checkRoom(1);
  run(graphs.size() - 1, {&id, 1});
  return takeLogits();
}

std::span<float> CudaSession::read(std::span<const int64_t> tokens) {
  checkRoom(tokens.size());
  for (size_t function = 0; !tokens.empty();) {
    const size_t block = model.functions[function].tokens;
    if (block > tokens.size()) {
      ++function;
      continue;
    }
    run(function, tokens.first(block));
    tokens = tokens.subspan(block);
    if (!tokens.empty())
      stream.wait("running the model on the GPU"); // the host's ids are the next block's now
  }
  return takeLogits();
}

std::span<const std::byte> CudaSession::viewState() {
  if (!hostState)
    hostState = std::make_unique<PinnedBuffer>(model.state_bytes);
  stream.copy(hostState->get(), state.get(), model.state_bytes);
  stream.wait("copying the state from the GPU");
  return {reinterpret_cast<const std::byte *>(hostState->get()), model.state_bytes};
}

void CudaSession::restore(const std::function<void(std::span<std::byte>)> &fill, int64_t position) {
  viewState();
  fill({reinterpret_cast<std::byte *>(hostState->get()), model.state_bytes});
  stream.copy(state.get(), hostState->get(), model.state_bytes);
  stream.wait("copying the state to the GPU");
  count = position;
}

ModelNumbers numbersOf(const xlstm_cuda_model_info &m) {
  const int64_t shortest = m.functions[m.function_count > 1 ? m.function_count - 2 : 0].tokens;
  return {m.abi == XLSTM_CUDA_MODEL_ABI,
          m.vocab,
          m.cache_tokens,
          m.batch,
          shortest,
          m.weight_bytes,
          m.state_bytes,
          m.token_bytes,
          m.random ? 0 : m.weight_bytes,
          m.decode_bytes,
          m.prefill_flops,
          std::max<int64_t>(shortest, 256)};
}

} // namespace xlstm
