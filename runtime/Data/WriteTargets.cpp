//===- WriteTargets.cpp - run the teacher and store its top-k -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "StoreFolder.h"
#include "TargetPlan.h"
#include "runtime/Files/TargetShard.h"

#include "xlstm/Runtime/Distributed/Group.h"
#include "xlstm/Runtime/Evaluate/Device.h"
#include "xlstm/Runtime/Evaluate/ScalarType.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <future>
#include <optional>
#include <set>
#include <thread>

namespace fs = std::filesystem;

namespace xlstm {
namespace {

/// The records of a group's windows, coded as batches come.
class Records {
public:
  Records(TargetGroup windows, const TargetFormat &format)
      : group(std::move(windows)), format(format), code(format.vocabulary, format.k, format.logprobs),
        bytes(group.size()) {
    for (size_t window = 0; window < group.size(); ++window)
      bytes[window].resize(size_t(group[window].numStored()) * code.bytes());
  }

  const TargetGroup group;

  /// Takes the teacher's answers to a batch, on the host, in the types of the store.
  void encode(const WindowBatch &batch, const Targets &targets) {
    unsigned threads = std::clamp(std::thread::hardware_concurrency() / 2, 1u, 8u);
    std::atomic<size_t> next = 0;
    auto work = [&] {
      for (size_t n; (n = next++) < batch.places.size();)
        encodeWindow(batch.places[n], targets);
    };
    std::vector<std::jthread> others;
    for (unsigned thread = 1; thread < std::min<size_t>(threads, batch.places.size()); ++thread)
      others.emplace_back(work);
    work();
  }

  std::vector<TargetBlock> blocks() const {
    std::vector<TargetBlock> blocks;
    for (size_t window = 0; window < group.size(); ++window) {
      std::span<const std::byte> rest = bytes[window];
      for (const TargetWindow::Block &block : group[window].blocks) {
        size_t size = size_t(block.tokens) * code.bytes();
        blocks.push_back({group[window].document, block.at, block.tokens, rest.first(size)});
        rest = rest.subspan(size);
      }
    }
    return blocks;
  }

private:
  void encodeWindow(const WindowPlace &place, const Targets &targets) {
    const TargetWindow &window = group[place.window];
    int64_t T = targets.tail_BT.size(1), k = format.k;
    const auto *ids = targets.ids_BTK.const_data_ptr<int32_t>();
    const auto *logprobs = static_cast<const std::byte *>(targets.logprobs_BTK.const_data_ptr());
    const auto *tail = targets.tail_BT.const_data_ptr<float>();
    std::byte *record = bytes[place.window].data();
    for (const TargetWindow::Block &block : window.blocks)
      for (int64_t at = block.at; at < block.at + block.tokens; ++at, record += code.bytes()) {
        int64_t token = place.row * T + place.column + at - window.begin;
        code.encode(ids + token * k, logprobs + size_t(token * k) * sizeOf(format.logprobs), tail[token], record);
      }
  }

  TargetFormat format;
  TargetCode code;
  std::vector<std::vector<std::byte>> bytes; // of each window
};

class TargetWriter {
public:
  TargetWriter(const Program &program, const ParamMap &params, const TargetOptions &options, const fs::path &folder)
      : program(program), params(params), options(options), folder(folder) {
    if (group.isFirst())
      lock.emplace(folder, options.label);
    if (options.packed || (!params.empty() && params.begin()->second.is_cuda()))
      rowsAtOnce = std::max<int64_t>(1, options.batchTokens / options.format.context);
    if (group.isFirst())
      beginStore(folder, options.format);
    group.barrier();
    checkFormat(TargetFormat::read(folder), options.format, folder);
  }

  /// Removes shards that cannot be used: without a whole index, or with a wanted block that is damaged.
  void repair(const TargetRequests &wanted) {
    if (group.isFirst())
      removeDamaged(wanted);
    group.barrier();
  }

  /// The groups of what is missing, each as one shard; ranks take them in turn. Which groups there are, and how their
  /// shards are called, does not depend on how many ranks there are.
  void write(const TargetRequests &wanted) {
    TargetStore store = TargetStore::open(folder);
    auto isThere = [&](const BlockKey &key, int64_t count) { return store.find(key, count) != nullptr; };
    std::vector<TargetGroup> groups = planTargets(wanted, options.format, options.tokensPerShard, isThere);
    std::vector<fs::path> shards = freeShards(folder, groups.size());
    group.barrier(); // all have seen the same
    int64_t total = 0;
    for (size_t n = 0; n < groups.size(); ++n)
      for (const TargetWindow &window : groups[n])
        total += group.isMine(int64_t(n)) ? window.numStored() : 0;
    Progress progress(options.label, total, 0);
    Tf32Products products(options.tf32);
    for (size_t n = 0; n < groups.size(); ++n)
      if (group.isMine(int64_t(n)))
        write(std::move(groups[n]), shards[n], progress);
    finishShard();
    group.barrier();
  }

  std::vector<fs::path> filesOf(const TargetRequests &wanted) const {
    TargetStore store = TargetStore::open(folder);
    std::set<fs::path> files;
    forEachWanted(wanted, options.format, [&](const auto &, const BlockKey &key, int64_t count) {
      if (const TargetStore::Place *place = store.find(key, count))
        files.insert(store.shards()[place->shard].path());
    });
    return {files.begin(), files.end()};
  }

private:
  void removeDamaged(const TargetRequests &wanted) {
    std::set<fs::path> damaged;
    auto note = [&](const fs::path &shard, const std::string &problem) {
      if (damaged.insert(shard).second)
        say(options.label, "removed: " + problem);
    };
    TargetStore store = TargetStore::open(folder, note);
    std::unordered_map<BlockKey, bool, BlockKey::Hash> seen;
    forEachWanted(wanted, options.format, [&](const auto &, const BlockKey &key, int64_t count) {
      const TargetStore::Place *place = store.find(key, count);
      if (!place || !seen.try_emplace(key, true).second)
        return;
      const TargetShard &shard = store.shards()[place->shard];
      try {
        shard.check(shard.blocks()[place->block]);
      } catch (const Error &error) {
        note(shard.path(), error.what());
      }
    });
    std::error_code ignored; // what stays is found damaged again
    for (const fs::path &shard : damaged)
      fs::remove(shard, ignored);
  }

  void write(TargetGroup windows, const fs::path &path, Progress &progress) {
    auto records = std::make_shared<Records>(std::move(windows), options.format);
    std::future<void> coding;
    for (const WindowBatch &batch : batchesOf(records->group, options.format.context, rowsAtOnce)) {
      TokenRows rows = rowsOf(records->group, batch);
      Targets found = askTeacher(program, params, rows.ids_NT, rows.docStart_NT, options.format.k);
      // In the types of the store where they are made: a device has half as much to hand over.
      Targets targets{found.ids_BTK.cpu(), found.logprobs_BTK.to(scalarType(options.format.logprobs)).cpu(),
                      found.tail_BT.cpu()};
      if (coding.valid())
        coding.get();
      coding = std::async(std::launch::async, [records, batch, targets] { records->encode(batch, targets); });
      int64_t stored = 0;
      for (const WindowPlace &place : batch.places)
        stored += records->group[place.window].numStored();
      progress.advance(stored);
    }
    if (coding.valid())
      coding.get();
    finishShard();
    shard = std::async(std::launch::async, [records, path, hash = storeHash(options.format)] {
      TargetShard::write(path, records->blocks(), hash);
    });
  }

  void finishShard() {
    if (shard.valid())
      shard.get();
  }

  const Program &program;
  const ParamMap &params;
  const TargetOptions &options;
  const fs::path &folder;
  Group &group = Group::world();
  std::optional<StoreLock> lock;
  /// Rows of several windows where small batches would keep a GPU waiting; a CPU reads each window alone.
  int64_t rowsAtOnce = 0;
  std::future<void> shard; // being written; last: its thread ends first
};

} // namespace

int64_t TargetOptions::batchFor(int64_t vocabulary) {
  constexpr int64_t most = 1 << 16, logitBytes = int64_t{4} << 30;
  return std::clamp<int64_t>(logitBytes / int64_t(sizeof(float)) / std::max<int64_t>(vocabulary, 1), 1, most);
}

std::vector<fs::path> writeTargets(const Program &program, const ParamMap &params, const TargetRequests &wanted,
                                   const TargetOptions &given, const fs::path &folder) {
  TargetOptions options = given;
  options.format.vocabulary = program.function("model").results.at(0).shape.back();
  checkTopK(program, options.format.k);
  if (options.format.logprobs != DType::F16 && options.format.logprobs != DType::F32)
    fail("targets: expected log-probabilities in F16 or F32, found ", safetensorsName(options.format.logprobs));
  if (options.tokensPerShard < 1 || options.batchTokens < 0 || options.format.lookBack >= options.format.context ||
      wanted.parts().empty())
    fail("targets: expected documents, a context longer than what it looks back, and at least one token a shard and a "
         "batch");
  if (options.batchTokens == 0)
    options.batchTokens = TargetOptions::batchFor(options.format.vocabulary);
  fs::create_directories(folder);
  TargetWriter writer(program, params, options, folder);
  writer.repair(wanted);
  writer.write(wanted);
  return writer.filesOf(wanted);
}

void writeTargets(const Program &program, const ParamMap &params, const TokenRows &rows, const TargetOptions &options,
                  const fs::path &folder) {
  TargetRequests wanted;
  wanted.add(rows);
  writeTargets(program, params, wanted, options, folder);
}

} // namespace xlstm
