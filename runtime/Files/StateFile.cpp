//===- StateFile.cpp - a text and the state of the model that has read it --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/StateFile.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>
#include <cstring>

namespace xlstm {

static constexpr char magic[16] = "xlstm state v1\n";
static constexpr size_t page = 4096;

namespace {

struct Header {
  char magic[16];
  FileHash model;
  uint64_t tokens, noteBytes, stateBytes;
};

/// Writes, and hashes what it writes.
class Out {
public:
  explicit Out(const std::filesystem::path &path) : file(path) {}
  void write(std::span<const std::byte> bytes) {
    hasher.add(bytes);
    file.write(bytes);
  }
  void finish() {
    const FileHash hash = hasher.value();
    file.write(std::as_bytes(std::span(&hash, 1)));
    file.commit();
  }

private:
  AtomicFile file;
  Hasher hasher;
};

/// Takes bytes from the front; too few are a fault of the file.
class In {
public:
  In(std::span<const std::byte> rest, const MappedFile &file) : rest(rest), file(file) {}
  std::span<const std::byte> take(uint64_t bytes) {
    if (bytes > rest.size())
      complain();
    std::span<const std::byte> result = rest.first(bytes);
    rest = rest.subspan(bytes);
    return result;
  }
  void finish() const {
    if (!rest.empty())
      complain();
  }
  [[noreturn]] void complain() const {
    fail(quotePath(file.path().string()), " is damaged: it differs from what was written");
  }

private:
  std::span<const std::byte> rest;
  const MappedFile &file;
};

} // namespace

static size_t pagesOf(uint64_t bytes) { return static_cast<size_t>((bytes + page - 1) / page); }

static std::span<const std::byte> pageOf(std::span<const std::byte> state, size_t number) {
  return state.subspan(number * page, std::min(page, state.size() - number * page));
}

void writeStateFile(const std::filesystem::path &path, const FileHash &model, const SavedState &saved) {
  Out out(path);
  Header header = {{}, model, saved.tokens.size(), saved.note.size(), saved.state.size()};
  std::memcpy(header.magic, magic, sizeof magic);
  out.write(std::as_bytes(std::span(&header, 1)));
  out.write(std::as_bytes(std::span(saved.tokens)));
  out.write(std::as_bytes(std::span(saved.note)));
  std::vector<uint8_t> used((pagesOf(saved.state.size()) + 7) / 8);
  for (size_t n = 0; n < pagesOf(saved.state.size()); ++n)
    if (std::ranges::any_of(pageOf(saved.state, n), [](std::byte b) { return b != std::byte(0); }))
      used[n / 8] |= static_cast<uint8_t>(1 << n % 8);
  out.write(std::as_bytes(std::span(used)));
  for (size_t n = 0; n < pagesOf(saved.state.size()); ++n)
    if (used[n / 8] >> n % 8 & 1)
      out.write(pageOf(saved.state, n));
  out.finish();
}

SavedState readStateFile(const MappedFile &file, const FileHash &model, uint64_t stateBytes, int64_t vocab) {
  const std::string name = quotePath(file.path().string());
  std::span<const std::byte> bytes = file.bytes();
  if (bytes.size() < sizeof(Header) || std::memcmp(bytes.data(), magic, sizeof magic) != 0)
    fail(name, " is no state that --save wrote");
  if (bytes.size() < sizeof(Header) + sizeof(FileHash))
    In(bytes, file).complain();
  FileHash hash;
  std::memcpy(&hash, bytes.last(sizeof hash).data(), sizeof hash);
  bytes = bytes.first(bytes.size() - sizeof hash);
  In in(bytes, file);
  if (hashOf(bytes) != hash)
    in.complain();
  Header header;
  std::memcpy(&header, in.take(sizeof header).data(), sizeof header);
  if (header.model != model || header.stateBytes != stateBytes)
    fail(name, " is a state of another model, or of another build of this one");
  SavedState saved;
  if (header.tokens > bytes.size() / sizeof(int32_t))
    in.complain();
  saved.tokens.resize(header.tokens);
  std::memcpy(saved.tokens.data(), in.take(header.tokens * sizeof(int32_t)).data(), header.tokens * sizeof(int32_t));
  if (std::ranges::any_of(saved.tokens, [&](int32_t id) { return id < 0 || id >= vocab; }))
    in.complain();
  std::span<const std::byte> note = in.take(header.noteBytes);
  saved.note.assign(reinterpret_cast<const char *>(note.data()), note.size());
  std::span<const std::byte> used = in.take((pagesOf(stateBytes) + 7) / 8);
  saved.state.resize(stateBytes);
  for (size_t n = 0; n < pagesOf(stateBytes); ++n)
    if ((std::to_integer<int>(used[n / 8]) >> n % 8 & 1) != 0) {
      const size_t size = pageOf(saved.state, n).size();
      std::memcpy(saved.state.data() + n * page, in.take(size).data(), size);
    }
  in.finish();
  return saved;
}

} // namespace xlstm
