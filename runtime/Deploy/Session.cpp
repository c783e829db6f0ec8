//===- Session.cpp - one text that the model reads and writes -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/Session.h"
#include "xlstm/Support/Error.h"

#include <limits>

namespace xlstm {

Session::Memory Session::allocate(uint64_t bytes) {
  constexpr uint64_t alignment = 64;
  auto *memory = static_cast<char *>(std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment));
  if (!memory)
    fail("not enough memory: ", bytes, " bytes are needed");
  return Memory(memory);
}

Session::Session(const char *weights)
    : weights(weights), state(allocate(xlstm_model.state_bytes)), scratch(allocate(xlstm_model.scratch_bytes)),
      logits(xlstm_model.vocab) {
  reset();
}

void Session::reset() {
  xlstm_model.init_state(state.get());
  count = 0;
}

void Session::checkRoom(size_t tokens) const {
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  if (static_cast<int64_t>(tokens) > most - count)
    fail("a text may have ", most, " tokens at most");
}

std::span<float> Session::readOne(int64_t id) {
  checkRoom(1);
  xlstm_model.decode(weights, state.get(), scratch.get(), &id, static_cast<int32_t>(count++), logits.data());
  return logits;
}

std::span<float> Session::read(std::span<const int64_t> ids) {
  checkRoom(ids.size());
  size_t block = xlstm_model.prefill_tokens;
  for (; ids.size() >= block; ids = ids.subspan(block), count += static_cast<int64_t>(block))
    xlstm_model.prefill(weights, state.get(), scratch.get(), ids.data(), static_cast<int32_t>(count), logits.data());
  for (int64_t id : ids)
    readOne(id);
  return logits;
}

} // namespace xlstm
