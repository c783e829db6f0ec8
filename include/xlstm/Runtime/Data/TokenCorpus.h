//===- TokenCorpus.h - a corpus that was made tokens of once --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// FOLDER/tokens.json says what is there: format, documents, tokens, and every shard's size and hash. A shard
// (shard-00000.safetensors) has whole documents, in the order of the files: `ids` I32 [tokens]; `ends` I64 [documents],
// where each ends in `ids`; `learned` U8 [tokens], or [0] where all are; `weights` F32 [documents], or [0] where all
// are 1. Shards are mapped: memory is what the rows take that are read.

#ifndef XLSTM_RUNTIME_DATA_TOKENCORPUS_H
#define XLSTM_RUNTIME_DATA_TOKENCORPUS_H

#include "xlstm/Runtime/Data/Encoder.h"
#include "xlstm/Runtime/Files/Safetensors.h"

namespace xlstm {

class TokenCorpus {
public:
  /// `name`: how errors call it. Throws Error: not there, not whole.
  static TokenCorpus open(const std::filesystem::path &folder, const std::string &name);
  /// What is wrong with a folder of shards, all of which are read; nothing where nothing is.
  static std::string problemOf(const std::filesystem::path &folder);

  const std::string &name() const { return called; }
  uint32_t size() const { return documents; }
  uint64_t numTokens() const { return tokens; }
  TokenView document(uint32_t number) const;
  double weight(uint32_t number) const;

private:
  struct Shard {
    std::shared_ptr<const MappedFile> file;
    std::span<const int32_t> ids;
    std::span<const int64_t> ends;
    std::span<const uint8_t> learned;
    std::span<const float> weights;
    uint32_t first = 0; // number of its first document
  };
  const Shard &shardOf(uint32_t number) const;
  void add(const std::filesystem::path &file);

  std::string called;
  std::vector<Shard> shards;
  uint32_t documents = 0;
  uint64_t tokens = 0;
};

struct TokenOptions {
  uint64_t shardBytes = uint64_t{1} << 25; // of documents a shard: what is in memory, twice
  unsigned threads = 0;                    // 0: one a core
  std::string label = "tokens";            // of the progress
};

/// Makes a TokenCorpus of files in `folder`. Shards of an earlier call with the same `key`, which is to differ where a
/// document or the encoder does, are kept; each appears whole. Throws Error: what Encoder and forEachDocument throw, a
/// corpus without documents or of more than 2^32 - 1.
void writeTokens(const CorpusFiles &files, const Encoder &encoder, const std::string &key,
                 const std::filesystem::path &folder, const TokenOptions &options = {});

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_TOKENCORPUS_H
