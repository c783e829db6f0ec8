//===- Session.h - one text that the model reads and writes ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_DEPLOY_SESSION_H
#define RUNTIME_DEPLOY_SESSION_H

#include "xlstm/Runtime/Deploy/ModelAbi.h"

#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

namespace xlstm {

/// The state of one text. All memory is taken when it is made; reading tokens takes none.
class Session {
public:
  explicit Session(const char *weights);

  /// Forgets all tokens.
  void reset();
  /// Reads tokens (at least one, each within the vocabulary): whole blocks by prefill, the rest one by one. Returns the
  /// logits [vocab] after the last one, valid until the next call.
  std::span<float> read(std::span<const int64_t> ids);
  /// The same through decode only.
  std::span<float> readOne(int64_t id);
  /// How many tokens have been read.
  int64_t position() const { return count; }

private:
  struct Free {
    void operator()(char *memory) const { std::free(memory); }
  };
  using Memory = std::unique_ptr<char[], Free>;
  static Memory allocate(uint64_t bytes);
  void checkRoom(size_t tokens) const;

  const char *weights;
  Memory state, scratch;
  std::vector<float> logits;
  int64_t count = 0;
};

} // namespace xlstm

#endif // RUNTIME_DEPLOY_SESSION_H
