//===- WriteTokens.cpp - make tokens of a corpus, once --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TokenShard.h"

#include "xlstm/Runtime/Data/TokenCorpus.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Progress.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <future>
#include <limits>
#include <thread>

namespace fs = std::filesystem;

namespace xlstm {
namespace {

using Documents = std::vector<Document>;

/// The documents of the files in groups of about `bytes`, one group read ahead by another thread.
class Groups {
public:
  Groups(const CorpusFiles &files, uint64_t bytes)
      : files(files), bytes(bytes), reader([this](std::stop_token stop) { read(stop); }) {}
  ~Groups() {
    reader.request_stop();
    changed.notify_all();
  }

  /// Empty at the end. Throws what reading threw.
  Documents next() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return isReady || isDone; });
    if (!isReady && problem)
      std::rethrow_exception(problem);
    Documents group = std::exchange(waiting, {});
    isReady = false;
    changed.notify_all();
    return group;
  }

private:
  void read(const std::stop_token &stop) {
    Documents group;
    uint64_t size = 0;
    try {
      forEachDocument(files, [&](Document &document) {
        size += document.numBytes();
        group.push_back(std::move(document));
        if (size >= bytes) {
          hand(std::exchange(group, {}), stop);
          size = 0;
        }
        return !stop.stop_requested();
      });
      if (!group.empty())
        hand(std::move(group), stop);
    } catch (...) {
      std::scoped_lock lock(mutex);
      problem = std::current_exception();
    }
    std::scoped_lock lock(mutex);
    isDone = true;
    changed.notify_all();
  }

  void hand(Documents group, const std::stop_token &stop) {
    std::unique_lock lock(mutex);
    if (!changed.wait(lock, stop, [&] { return !isReady; }))
      return;
    waiting = std::move(group);
    isReady = true;
    changed.notify_all();
  }

  const CorpusFiles &files;
  uint64_t bytes;
  std::mutex mutex;
  std::condition_variable_any changed;
  Documents waiting;
  bool isReady = false, isDone = false;
  std::exception_ptr problem;
  std::jthread reader; // last: it uses what stands before it
};

/// All documents in tokens, whichever thread takes which. Throws the error of the first that has one.
std::vector<TokenDocument> encodeAll(const Documents &documents, const Encoder &encoder, unsigned threads) {
  std::vector<TokenDocument> encoded(documents.size());
  std::vector<std::exception_ptr> problems(documents.size());
  std::atomic<size_t> next = 0;
  auto work = [&] {
    for (size_t number; (number = next++) < documents.size();)
      try {
        encoded[number] = encoder.encode(documents[number]);
      } catch (...) {
        problems[number] = std::current_exception();
        next = documents.size(); // those before it are taken already
      }
  };
  {
    std::vector<std::jthread> others;
    for (unsigned thread = 1; thread < threads; ++thread)
      others.emplace_back(work);
    work();
  }
  for (const std::exception_ptr &problem : problems)
    if (problem)
      std::rethrow_exception(problem);
  return encoded;
}

/// Writes the shards of one corpus.
class TokenWriter {
public:
  TokenWriter(const Encoder &encoder, const std::string &key, const fs::path &folder, const TokenOptions &options)
      : encoder(encoder), key(key), folder(folder),
        threads(options.threads ? options.threads : std::max(1u, std::thread::hardware_concurrency())) {}

  void add(const Documents &group) {
    documents += group.size();
    if (documents >= std::numeric_limits<uint32_t>::max())
      fail(group.front().origin, ": expected a corpus of less than 2^32 documents, found more");
    fs::path path = tokenShard(folder, int64_t(hashes.size()));
    if (!isWritten(path, group.size()))
      write(path, group);
    MeasuredFile file = measureFile(folder, path.filename());
    hashes.push_back(hexDigits(file.hash));
    tokens += uint64_t(SafetensorsFile::open(path).get("ids").spec.shape.at(0));
  }

  void finish() const {
    Json manifest = {
        {"format", tokenCorpusVersion}, {"key", key}, {"documents", documents}, {"tokens", tokens}, {"shards", hashes}};
    writeTextFile(tokenManifest(folder), manifest.dump(1) + "\n");
  }

private:
  std::map<std::string, std::string> metadata(size_t count) const {
    return {{"key", key}, {"first", std::to_string(documents - count)}, {"documents", std::to_string(count)}};
  }

  /// Whether an earlier call, which was killed, wrote it.
  bool isWritten(const fs::path &path, size_t count) const {
    try {
      return fs::exists(path) && SafetensorsFile::open(path).metadata() == metadata(count);
    } catch (const Error &) {
      return false;
    }
  }

  void write(const fs::path &path, const Documents &group) const {
    std::vector<TokenDocument> encoded = encodeAll(group, encoder, threads);
    std::vector<int64_t> ends;
    std::vector<float> weights;
    bool hasWeights = false, hasOthers = false; // others: tokens that are not learned
    for (size_t n = 0; n < group.size(); ++n) {
      ends.push_back((ends.empty() ? 0 : ends.back()) + int64_t(encoded[n].ids.size()));
      weights.push_back(float(group[n].weight));
      hasWeights |= group[n].weight != 1;
      hasOthers |= !encoded[n].learned.empty();
    }
    int64_t count = int64_t(group.size()), all = ends.back();
    SafetensorsWriter writer(path,
                             {{"ends", DType::I64, {count}},
                              {"ids", DType::I32, {all}},
                              {"weights", DType::F32, {hasWeights ? count : 0}},
                              {"learned", DType::U8, {hasOthers ? all : 0}}},
                             metadata(group.size()));
    writer.append(std::as_bytes(std::span(ends)));
    for (const TokenDocument &document : encoded)
      writer.append(std::as_bytes(std::span(document.ids)));
    if (hasWeights)
      writer.append(std::as_bytes(std::span(weights)));
    for (TokenDocument &document : encoded)
      if (hasOthers) {
        if (document.learned.empty())
          document.learned.assign(document.ids.size(), 1);
        writer.append(std::as_bytes(std::span(document.learned)));
      }
    writer.commit();
  }

  const Encoder &encoder;
  const std::string &key;
  const fs::path &folder;
  unsigned threads;
  uint64_t documents = 0, tokens = 0;
  std::vector<std::string> hashes;
};

} // namespace

static uint64_t bytesOf(const Documents &group) {
  uint64_t bytes = 0;
  for (const Document &document : group)
    bytes += document.numBytes();
  return bytes;
}

void writeTokens(const CorpusFiles &files, const Encoder &encoder, const std::string &key, const fs::path &folder,
                 const TokenOptions &options) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    fail(folder.string(), ": cannot make the folder: ", error.message());
  TokenWriter writer(encoder, key, folder, options);
  Groups groups(files, options.shardBytes);
  uint64_t bytes = 0;
  for (Documents group; !(group = groups.next()).empty();) {
    writer.add(group);
    bytes += bytesOf(group);
    announce(options.label, nameOf(files) + ": " + std::to_string(bytes / 1000000) + " MB of text");
  }
  if (bytes == 0)
    fail(nameOf(files), ": holds no document");
  writer.finish();
}

} // namespace xlstm
