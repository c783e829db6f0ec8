//===- TargetStore.h - a teacher's top-k log-probabilities on disk --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a teacher answers behind each token of a document, found by the document's content and the position: whatever
// rows the tokens stand in, in which order, and whoever asks. docs/Rationale/Training.md says what the teacher has
// read before it answers.
//
// FOLDER/targets.json says whose targets these are and how they are coded; it is written first and never changes.
// shard-NNNNN.safetensors have blocks of up to 128 positions of a document, each with a checksum (TargetShard.h in
// runtime/Data). Each shard appears whole; readers see those that are there when they open the store.

#ifndef XLSTM_RUNTIME_DATA_TARGETSTORE_H
#define XLSTM_RUNTIME_DATA_TARGETSTORE_H

#include "xlstm/Runtime/Data/TargetSource.h"
#include "xlstm/Support/Progress.h"

#include <deque>
#include <unordered_map>

namespace xlstm {

class TargetCode;
class TargetShard;
struct TargetBlock;

/// Whose targets a store holds, and how: what targets.json says.
struct TargetFormat {
  int64_t k = 256; // the paper's
  int64_t vocabulary = 0;
  /// F16 (log-probabilities off by at most 2^-11 of their value) or F32.
  DType logprobs = DType::F16;
  /// Most tokens that the teacher reads at once. Of a longer document it reads this many, then parts of it that begin
  /// lookBack tokens before what they are to answer.
  int64_t context = 512, lookBack = 128;
  std::string teacher = "";   // such as a hash of its weights
  std::string tokenizer = ""; // such as a hash of its files

  /// Positions of a document that are stored together; divides both.
  int64_t blockTokens() const;
  /// Where the part begins that answers a position.
  int64_t beginFor(int64_t at) const;
  /// Bytes of a token.
  int64_t tokenBytes() const;

  /// Sets both for students that train on rows of `length` tokens: the teacher has read at least what the student has,
  /// as far as the `most` tokens reach that the teacher can read (0: any number).
  void setContext(int64_t length, int64_t most);
  bool operator==(const TargetFormat &) const = default;
};

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

class TargetStore : public TargetSource {
public:
  /// Throws Error: not a store, a damaged index.
  static TargetStore open(const std::filesystem::path &folder);
  /// The same without shards that cannot be read: each is told to `onDamage` with what is wrong.
  static TargetStore
  open(const std::filesystem::path &folder,
       const std::function<void(const std::filesystem::path &shard, const std::string &problem)> &onDamage);
  ~TargetStore() override;
  TargetStore(TargetStore &&) noexcept;

  /// What targets.json says. Throws Error.
  static TargetFormat formatOf(const std::filesystem::path &folder);
  const TargetFormat &format() const { return written; }
  int64_t k() const override { return written.k; }
  int64_t numTokens() const { return tokens; }
  /// Bytes of all shards' files.
  uint64_t numBytes() const;
  const std::vector<TargetShard> &shards() const { return all; }
  size_t numDocuments() const;
  size_t numShards() const;

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

  struct Place {
    size_t shard, block;
  };
  /// Where a block is that has `tokens` positions at least; nothing where there is none.
  const Place *find(const BlockKey &key, int64_t tokens) const;
  /// Shards that cannot be read or that have a damaged block, and what is wrong; reads all of them. Throws Error where
  /// there is no store.
  static std::vector<std::pair<std::filesystem::path, std::string>> damagedShards(const std::filesystem::path &folder);

private:
  TargetStore();
  void readPiece(const TokenPiece &piece, int64_t row, const Targets &into) const;

  std::filesystem::path folder;
  TargetFormat written;
  std::unique_ptr<TargetCode> code;
  std::vector<TargetShard> all;
  int64_t tokens = 0;
  std::unordered_map<BlockKey, Place, BlockKey::Hash> places;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_TARGETSTORE_H
