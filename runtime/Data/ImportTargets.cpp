//===- ImportTargets.cpp - DistillKit's rows become a target store --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Data/ImportTargets.h"

#include "DistillKitRows.h"
#include "StoreFolder.h"
#include "runtime/Files/TargetShard.h"

#include "xlstm/Runtime/Data/TokenCorpus.h"
#include "xlstm/Runtime/Files/Floats.h"
#include "xlstm/Support/Error.h"

#include <ATen/ops/zeros.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <unordered_set>

namespace fs = std::filesystem;

namespace xlstm {
namespace {

/// Shards of blocks that the store has not.
class BlockWriter {
public:
  BlockWriter(const TargetFormat &format, int64_t tokensPerShard, const fs::path &folder)
      : format(format), code(format.vocabulary, format.k, format.logprobs), store(TargetStore::open(folder)),
        folder(folder), most(tokensPerShard) {}

  void add(const RowDocument &document) {
    DocumentKey key = DocumentKey::of(document.ids);
    int64_t size = format.blockTokens(), count = int64_t(document.ids.size());
    for (int64_t at = 0; at < count; at += size) {
      int64_t tokens = std::min(size, count - at);
      if (store.find({key, at}, tokens) || !taken.insert({key, at}).second)
        continue;
      blocks.push_back({key, at, tokens, {}});
      records.push_back(recordsOf(document.targets, at, tokens));
      waiting += tokens;
    }
    if (waiting >= most)
      write();
  }

  void write() {
    for (size_t n = 0; n < blocks.size(); ++n)
      blocks[n].records = records[n];
    if (!blocks.empty())
      TargetShard::write(freeShards(folder, 1).front(), blocks, storeHash(format));
    blocks.clear();
    records.clear();
    waiting = 0;
  }

private:
  std::vector<std::byte> recordsOf(const RowTargets &targets, int64_t at, int64_t tokens) const {
    size_t k = size_t(format.k), width = sizeOf(format.logprobs);
    std::vector<std::byte> bytes(size_t(tokens) * code.bytes()), logprobs(k * width);
    for (size_t n = 0; n < size_t(tokens); ++n) {
      size_t token = size_t(at) + n;
      for (size_t i = 0; i < k; ++i)
        storeFloat(format.logprobs, targets.logprobs[token * k + i], logprobs.data() + i * width);
      code.encode(targets.ids.data() + token * k, logprobs.data(), targets.tails[token],
                  bytes.data() + n * code.bytes());
    }
    return bytes;
  }

  TargetFormat format;
  TargetCode code;
  TargetStore store;
  fs::path folder;
  int64_t most, waiting = 0;
  std::vector<TargetBlock> blocks;
  std::vector<std::vector<std::byte>> records; // of each of them
  std::unordered_set<BlockKey, BlockKey::Hash> taken;
};

/// The documents as shards of tokens, which a recipe trains on.
class CorpusWriter {
public:
  explicit CorpusWriter(const fs::path &folder) : folder(folder) {
    if (!folder.empty())
      fs::create_directories(folder);
  }

  void add(const RowDocument &document) {
    if (folder.empty())
      return;
    std::ranges::copy(document.ids, std::back_inserter(ids));
    ends.push_back(int64_t(ids.size()));
    learned.resize(ids.size() - document.ids.size(), 1);
    std::ranges::copy(document.learned, std::back_inserter(learned));
    learned.resize(ids.size(), 1);
    if (ids.size() >= tokensOfShard)
      write();
  }

  void write() {
    if (ends.empty())
      return;
    SafetensorsWriter writer(shardFile(folder, shards++),
                             {{"ends", DType::I64, {int64_t(ends.size())}},
                              {"ids", DType::I32, {int64_t(ids.size())}},
                              {"learned", DType::U8, {int64_t(learned.size())}}},
                             {});
    writer.append(std::as_bytes(std::span(ends)));
    writer.append(std::as_bytes(std::span(ids)));
    writer.append(std::as_bytes(std::span(learned)));
    writer.commit();
    ids.clear();
    ends.clear();
    learned.clear();
  }

private:
  static constexpr size_t tokensOfShard = 1 << 24;
  fs::path folder;
  int64_t shards = 0;
  std::vector<int32_t> ids;
  std::vector<int64_t> ends;
  std::vector<uint8_t> learned;
};

/// Whether what a document's targets call likeliest is what the teacher does, for the most part.
void compareWithTeacher(const Program &program, const ParamMap &params, const RowDocument &document, int64_t k,
                        const std::string &origin) {
  constexpr size_t most = 512;
  constexpr double enough = 0.8; // what another precision or a quantized teacher leaves of it is more
  int64_t tokens = int64_t(std::min(document.ids.size(), most));
  at::Tensor ids_BT = at::zeros({1, tokens}, at::kLong), docs_BT = at::zeros({1, tokens}, at::kInt);
  std::copy_n(document.ids.begin(), tokens, ids_BT.mutable_data_ptr<int64_t>());
  at::Tensor answers_T = askTeacher(program, params, ids_BT, docs_BT, 1).ids_BTK.cpu().flatten();
  int64_t same = 0;
  for (int64_t token = 0; token < tokens; ++token) {
    auto first = document.targets.logprobs.begin() + token * k;
    int64_t likeliest = std::max_element(first, first + k) - first;
    same += document.targets.ids[size_t(token * k + likeliest)] == answers_T.const_data_ptr<int32_t>()[token];
  }
  if (double(same) < enough * double(tokens))
    fail(origin, ": expected this teacher's answers, found its likeliest token behind ", same, " of ", tokens,
         " tokens of the first document; --any-teacher takes them as they are");
}

} // namespace

int64_t importTargets(const Program &program, const ParamMap &params, const std::vector<fs::path> &files,
                      const ImportOptions &options, const fs::path &folder) {
  TargetFormat format = options.format;
  format.vocabulary = program.function("model").results.at(0).shape.back();
  std::optional<LogprobCode> code;
  if (!options.config.empty())
    code = LogprobCode::read(options.config);
  DistillKitRows rows(code, format.vocabulary, format.k);
  CorpusWriter corpus(options.corpus);
  std::optional<StoreLock> lock;
  std::optional<BlockWriter> writer;
  int64_t documents = 0;
  auto begin = [&](const RowDocument &first, const std::string &origin) {
    format.k = rows.k();
    if (!options.anyTeacher)
      compareWithTeacher(program, params, first, format.k, origin);
    fs::create_directories(folder);
    lock.emplace(folder, options.label);
    beginStore(folder, format);
    checkFormat(TargetFormat::read(folder), format, folder);
    writer.emplace(format, options.tokensPerShard, folder);
  };
  for (const fs::path &file : files) {
    readNumberColumns(file, DistillKitRows::columns(), [&](const NumberRow &row, uint64_t number) {
      std::string origin = file.string() + ": row " + std::to_string(number);
      for (const RowDocument &document : rows.documents(row, origin)) {
        if (!writer)
          begin(document, origin);
        writer->add(document);
        corpus.add(document);
        ++documents;
      }
      return true;
    });
    announce(options.label, file.string() + ": " + std::to_string(documents) + " documents");
  }
  if (!writer)
    fail(nameOf(files), ": holds no document");
  writer->write();
  corpus.write();
  return documents;
}

} // namespace xlstm
