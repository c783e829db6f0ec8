//===- CpuSession.cpp - one text that a model on the CPU reads and writes ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/CpuSession.h"

#include <algorithm>

namespace xlstm {

CpuSession::CpuSession(const xlstm_model_info &model, const char *weights, std::shared_ptr<CpuWorkplace> place)
    : Session(model.cache_tokens), model(model), weights(weights), place(std::move(place)), state(model.state_bytes),
      logits(static_cast<size_t>(model.vocab)) {
  reset();
}

void CpuSession::reset() {
  model.init_state(state.data());
  count = 0;
}

void CpuSession::run(xlstm_run function, std::span<const int64_t> ids, float *to) {
  place->team.run([&](const xlstm_team *member) {
    function(weights, state.data(), place->scratch.data(), ids.data(), to, member, static_cast<int64_t>(ids.size()));
  });
  count += static_cast<int64_t>(ids.size());
}

std::span<float> CpuSession::readOne(int64_t id) {
  checkRoom(1);
  run(model.decode, std::span(&id, 1), logits.data());
  return logits;
}

void CpuSession::readRows(std::span<Session *const> all, std::span<const int64_t> ids,
                          std::vector<std::span<float>> &found) {
  std::vector<char *> states;
  for (Session *one : all)
    states.push_back(static_cast<CpuSession *>(one)->state.data());
  const auto vocab = static_cast<size_t>(model.vocab);
  place->logits.resize(vocab * static_cast<size_t>(model.most_rows));
  place->team.run([&](const xlstm_team *member) {
    model.decode_many(weights, states.data(), place->scratch.data(), ids.data(), place->logits.data(), member,
                      static_cast<int64_t>(ids.size()));
  });
  auto from = place->logits.begin();
  for (Session *one : all) {
    auto &session = static_cast<CpuSession &>(*one);
    std::copy_n(from, vocab, session.logits.begin());
    from += model.vocab;
    ++session.count;
    found.push_back(session.logits);
  }
}

std::span<float> CpuSession::read(std::span<const int64_t> ids) {
  checkRoom(ids.size());
  const auto most = static_cast<size_t>(model.prefill_tokens);
  for (; ids.size() > most; ids = ids.subspan(most))
    run(model.prefill, ids.first(most), nullptr);
  run(ids.size() == 1 ? model.decode : model.prefill, ids, logits.data());
  return logits;
}

std::span<const std::byte> CpuSession::viewState() {
  return {reinterpret_cast<const std::byte *>(state.data()), model.state_bytes};
}

void CpuSession::restore(const std::function<void(std::span<std::byte>)> &fill, int64_t position) {
  fill({reinterpret_cast<std::byte *>(state.data()), model.state_bytes});
  count = position;
}

} // namespace xlstm
