//===- WriteTargets.cpp - run the teacher and store its top-k -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TargetShard.h"

#include "xlstm/Runtime/Data/ContentHash.h"
#include "xlstm/Runtime/Data/TargetStore.h"
#include "xlstm/Runtime/Data/TensorBytes.h"
#include "xlstm/Runtime/Evaluate/Device.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Support/Error.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>

namespace xlstm {
namespace {

class TargetWriter {
public:
  TargetWriter(const Program &program, const ParamMap &params, const TokenRows &rows, const TargetOptions &options,
               const std::filesystem::path &folder)
      : program(program), params(params), rows(rows), options(options), folder(folder), hashes(rows.hashes()) {
    int64_t vocabulary = program.function("model").results.at(0).shape.back();
    checkTopK(program, options.k);
    if (options.logprobs != DType::F16 && options.logprobs != DType::F32)
      fail("targets: expected log-probabilities in F16 or F32, found ", safetensorsName(options.logprobs));
    if (options.rowsPerShard < 1 || options.batch < 1 || rows.size() == 0)
      fail("targets: expected at least one row, one row a shard and one a batch");
    idType = vocabulary <= 65536 ? DType::U16 : DType::I32;
  }

  int64_t numShards() const { return (rows.size() + options.rowsPerShard - 1) / options.rowsPerShard; }
  int64_t begin(int64_t shard) const { return shard * options.rowsPerShard; }
  int64_t end(int64_t shard) const { return std::min(begin(shard) + options.rowsPerShard, rows.size()); }

  std::map<std::string, std::string> metadata(int64_t shard) const {
    ContentHash hash;
    hash.update(std::as_bytes(std::span(hashes).subspan(begin(shard), end(shard) - begin(shard))));
    return {{"teacher", options.teacher}, {"rows", hexDigits(hash.value())}};
  }

  std::vector<TensorSpec> specs(int64_t shard) const {
    int64_t n = end(shard) - begin(shard), T = rows.length();
    return {{"ids", idType, {n, T, options.k}},
            {"logprobs", options.logprobs, {n, T, options.k}},
            {"tail", DType::F32, {n, T}},
            {"row_hash", DType::I64, {n}}};
  }

  /// Whether an earlier run wrote this shard from the same teacher, rows and options.
  bool isWritten(int64_t shard) const {
    std::filesystem::path path = targetShard(folder, shard);
    if (!std::filesystem::exists(path))
      return false;
    try {
      SafetensorsFile file = SafetensorsFile::open(path);
      for (const TensorSpec &spec : specs(shard))
        if (describe(file.get(spec.name).spec) != describe(spec))
          return false;
      return file.metadata() == metadata(shard);
    } catch (const Error &) {
      return false; // damaged: written anew
    }
  }

  void write(int64_t shard, Progress &progress) const {
    std::vector<at::Tensor> ids, logprobs, tail;
    for (const TokenRows &batch : rows.slice(begin(shard), end(shard)).batches(options.batch)) {
      // In the types of the file where they are made: a device has half as much to hand over.
      Targets targets = askTeacher(program, params, batch.ids_NT, batch.docStart_NT, options.k);
      // The low half of an int32 is the id's uint16 bit for bit; conversion to int16 keeps it.
      ids.push_back(targets.ids_BTK.to(idType == DType::U16 ? at::kShort : at::kInt).cpu());
      logprobs.push_back(targets.logprobs_BTK.to(scalarType(options.logprobs)).cpu());
      tail.push_back(targets.tail_BT.cpu());
      progress.advance(batch.size());
    }
    SafetensorsWriter writer(targetShard(folder, shard), specs(shard), metadata(shard));
    writer.append(bytesOf(at::cat(ids).contiguous()));
    writer.append(bytesOf(at::cat(logprobs).contiguous()));
    writer.append(bytesOf(at::cat(tail).contiguous()));
    writer.append(std::as_bytes(std::span(hashes).subspan(begin(shard), end(shard) - begin(shard))));
    writer.commit();
  }

  void writeManifest() const {
    Json manifest = {{"format", targetStoreVersion},
                     {"k", options.k},
                     {"length", rows.length()},
                     {"rows", rows.size()},
                     {"shards", numShards()},
                     {"teacher", options.teacher},
                     {"logprobs", safetensorsName(options.logprobs)}};
    std::string text = manifest.dump(2) + "\n";
    std::filesystem::path path = targetManifest(folder);
    if (!std::filesystem::exists(path) || readTextFile(path) != text)
      writeTextFile(path, text);
  }

private:
  const Program &program;
  const ParamMap &params;
  const TokenRows &rows;
  const TargetOptions &options;
  const std::filesystem::path &folder;
  std::vector<uint64_t> hashes;
  DType idType = DType::I32;
};

} // namespace

void writeTargets(const Program &program, const ParamMap &params, const TokenRows &rows, const TargetOptions &options,
                  const std::filesystem::path &folder) {
  TargetWriter writer(program, params, rows, options, folder);
  Tf32Products products(options.tf32);
  std::filesystem::create_directories(folder);
  std::vector<int64_t> missing;
  int64_t done = 0;
  for (int64_t shard = 0; shard < writer.numShards(); ++shard) {
    if (writer.isWritten(shard))
      done += writer.end(shard) - writer.begin(shard);
    else
      missing.push_back(shard);
  }
  Progress progress("targets", rows.size(), done);
  for (int64_t shard : missing)
    writer.write(shard, progress);
  writer.writeManifest();
}

} // namespace xlstm
