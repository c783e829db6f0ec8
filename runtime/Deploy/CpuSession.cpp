//===- CpuSession.cpp - one text that a model on the CPU reads and writes ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/CpuSession.h"
#include "xlstm/Support/Error.h"

namespace xlstm {

CpuSession::Memory CpuSession::allocate(uint64_t bytes) {
  constexpr uint64_t alignment = 64;
  auto *memory = static_cast<char *>(std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment));
  if (!memory)
    fail("not enough memory: ", bytes, " bytes are needed");
  return Memory(memory);
}

CpuSession::CpuSession(const char *weights)
    : Session(xlstm_model.cache_tokens), weights(weights), state(allocate(xlstm_model.state_bytes)), scratch(allocate(xlstm_model.scratch_bytes)),
      logits(xlstm_model.vocab) {
  reset();
}

void CpuSession::reset() {
  xlstm_model.init_state(state.get());
  count = 0;
}

std::span<float> CpuSession::readOne(int64_t id) {
  checkRoom(1);
  xlstm_model.decode(weights, state.get(), scratch.get(), &id, logits.data());
  ++count;
  return logits;
}

std::span<float> CpuSession::read(std::span<const int64_t> ids) {
  checkRoom(ids.size());
  size_t block = xlstm_model.prefill_tokens;
  for (; ids.size() >= block; ids = ids.subspan(block), count += static_cast<int64_t>(block))
    xlstm_model.prefill(weights, state.get(), scratch.get(), ids.data(), logits.data());
  for (int64_t id : ids)
    readOne(id);
  return logits;
}

} // namespace xlstm
