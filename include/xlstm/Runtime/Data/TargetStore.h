//===- TargetStore.h - a teacher's top-k log-probabilities on disk --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files/StoredTargets.h is what of it needs no tensors.

#ifndef XLSTM_RUNTIME_DATA_TARGETSTORE_H
#define XLSTM_RUNTIME_DATA_TARGETSTORE_H

#include "xlstm/Runtime/Data/TargetSource.h"
#include "xlstm/Runtime/Files/StoredTargets.h"
#include "xlstm/Support/Progress.h"

#include <deque>

namespace xlstm {

struct TargetOptions {
  TargetFormat format;
  int64_t tokensPerShard = 1 << 16;
  int64_t batchTokens = 0;       // run at once on a GPU, 0: as batchFor says; on a CPU it is one part of a document
  bool packed = false;           // parts share rows, so that batches are large: on a GPU always
  bool tf32 = false;             // of a GPU's float32 products (Evaluate/Device.h)
  std::string label = "targets"; // of the progress

  /// As many tokens as keep a GPU busy, or as leave the logits at 4 GiB.
  static int64_t batchFor(int64_t vocabulary);
};

/// Positions of documents, which lie elsewhere, whose targets are wanted.
class TargetRequests {
public:
  struct Part {
    std::span<const int32_t> document;
    int64_t begin, end; // positions
  };

  /// What the pieces of a row have of the corpus that it was read from.
  void add(const TokenCorpus &corpus, const std::vector<TokenPiece> &pieces);
  /// All pieces of rows that come of no corpus, each a document of its own.
  void add(const TokenRows &rows);
  /// All of a document, or positions of it.
  void add(std::span<const int32_t> document) { add(document, 0, int64_t(document.size())); }
  void add(std::span<const int32_t> document, int64_t begin, int64_t end) { all.push_back({document, begin, end}); }
  const std::vector<Part> &parts() const { return all; }

private:
  std::vector<Part> all;
  std::deque<std::vector<int32_t>> own;
};

/// Adds what is wanted and missing to the store `folder`, which begins here where there is none: runs function "model"
/// of `program`, one batch while the last one is coded and written. Shards with a damaged block that is wanted are
/// removed first. One job writes at a time; others wait. Its
/// ranks (Distributed/Group.h) each ask the teacher for some of the shards. The bytes of a shard follow from what was
/// missing, so a writer that was killed, started again, ends in the same ones. Progress counts tokens. Throws Error,
/// for a store of another TargetFormat, too. Returns the shards that have what is wanted.
std::vector<std::filesystem::path> writeTargets(const Program &program, const ParamMap &params,
                                                const TargetRequests &wanted, const TargetOptions &options,
                                                const std::filesystem::path &folder);
/// The same for rows that come of no corpus.
void writeTargets(const Program &program, const ParamMap &params, const TokenRows &rows, const TargetOptions &options,
                  const std::filesystem::path &folder);

/// StoredTargets as tensors, for rows of tokens.
class TargetStore : public StoredTargets, public TargetSource {
public:
  /// As StoredTargets.
  static TargetStore open(const std::filesystem::path &folder) { return StoredTargets::open(folder); }
  static TargetStore open(const std::filesystem::path &folder, const OnDamage &onDamage) {
    return StoredTargets::open(folder, onDamage);
  }

  int64_t k() const override { return format().k; }
  void check(const TokenRows &rows, std::span<const int64_t> which) const override;
  /// Of all rows.
  void check(const TokenRows &rows) const;
  bool hasAll(const TokenRows &rows) const override;
  /// Targets of `rows`, in their order; the same Error, and for a damaged block.
  Targets batch(const TokenRows &rows) const;
  std::vector<at::Tensor> prepare(const TokenRows &rows) const override;
  Targets complete(const at::Tensor &ids_BT, const at::Tensor &docs_BT,
                   const std::vector<at::Tensor> &prepared) const override {
    return {prepared.at(0), prepared.at(1), prepared.at(2)};
  }

private:
  TargetStore(StoredTargets stored) : StoredTargets(std::move(stored)) {}
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_TARGETSTORE_H
