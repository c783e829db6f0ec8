//===- Documents.cpp - text corpora: documents of a file ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Documents.h"

#include "runtime/Files/ByteSource.h"
#include "runtime/Files/JsonRow.h"
#include "runtime/Files/Parquet.h"
#include "xlstm/Runtime/Files/PlainText.h"
#include "xlstm/Runtime/Files/Safetensors.h"
#include "xlstm/Runtime/Files/Utf8.h"
#include "xlstm/Support/Error.h"

#include <utility>

using namespace xlstm;

namespace {

using Take = std::function<bool(Document &document)>;

/// The lines of a file, without their ends, which are those of PlainText.h, and without its byte order mark.
class Lines {
public:
  Lines(std::unique_ptr<ByteSource> source, std::string name, uint64_t longest)
      : source(std::move(source)), name(std::move(name)), longest(longest) {}

  bool next(std::string &line) {
    line.clear();
    bool found = false;
    uint64_t begin = offset;
    for (bool ended = false; !ended;) {
      if (rest.empty() && (rest = source->next()).empty())
        break;
      if (std::exchange(isAfterReturn, false) && rest.front() == '\n') {
        rest.remove_prefix(1);
        begin = ++offset;
        continue;
      }
      found = true;
      size_t end = rest.find_first_of("\r\n");
      ended = end != rest.npos;
      isAfterReturn = ended && rest[end] == '\r';
      std::string_view part = rest.substr(0, end);
      if (line.size() + part.size() > longest)
        fail(name, ": line ", number + 1, ": expected at most ", longest, " bytes, found more");
      line += part;
      rest.remove_prefix(part.size() + ended);
      offset += part.size() + ended;
    }
    checkText(line, begin);
    number += found;
    return found;
  }

  uint64_t number = 0; // of the line read last, from 1

private:
  /// No line end is inside of a character.
  void checkText(std::string &line, uint64_t begin) const {
    if (size_t valid = validUtf8Prefix(line); valid != line.size())
      fail(name, ": invalid UTF-8 at byte ", begin + valid, number == 0 ? hintOfEncoding(line) : "");
    if (number == 0 && line.starts_with(byteOrderMark))
      line.erase(0, byteOrderMark.size());
  }

  std::unique_ptr<ByteSource> source;
  std::string name;
  uint64_t longest, offset = 0;
  std::string_view rest;
  bool isAfterReturn = false; // a line feed there belongs to the line end before it
};

} // namespace

/// Numbers the documents that `take` gets.
static Take numbering(const std::string &name, const Take &take) {
  return [&name, &take, number = uint64_t{0}](Document &document) mutable {
    document.origin = name + ": document " + std::to_string(++number);
    return take(document);
  };
}

/// Documents end at lines that hold only the separator; the line end before it is not part of the document.
static void splitText(Lines &lines, const std::string &name, uint64_t longest, const Take &take) {
  Document document;
  std::string line;
  bool isFirst = true;
  while (lines.next(line)) {
    if (line == "<|eos|>") {
      if (!document.text.empty() && !take(document))
        return;
      document = {};
      isFirst = true;
      continue;
    }
    if (document.text.size() + !isFirst + line.size() > longest)
      fail(name, ": line ", lines.number, ": expected documents of at most ", longest,
           " bytes (a line <|eos|> ends one), found a longer one");
    document.text += (isFirst ? "" : "\n") + line;
    isFirst = false;
  }
  if (!document.text.empty())
    take(document);
}

/// The documents of a shard of tokens.
static void splitShard(std::shared_ptr<const MappedFile> mapped, const Take &take) {
  const std::filesystem::path path = mapped->path();
  SafetensorsFile file = SafetensorsFile::parse(std::move(mapped));
  auto numbers = [&]<typename T>(const char *name, DType type, T) -> std::span<const T> {
    auto found = file.tensors().find(name);
    if (found == file.tensors().end() || found->second.spec.dtype != type || found->second.spec.shape.size() != 1)
      fail(path.string(), ": expected a shard of tokens: a tensor '", name, "' ", safetensorsName(type), " [n]");
    return {reinterpret_cast<const T *>(found->second.bytes.data()), found->second.bytes.size() / sizeof(T)};
  };
  std::span<const int32_t> ids = numbers("ids", DType::I32, int32_t());
  std::span<const int64_t> ends = numbers("ends", DType::I64, int64_t());
  std::span<const uint8_t> learned;
  std::span<const float> weights;
  if (file.tensors().contains("learned"))
    learned = numbers("learned", DType::U8, uint8_t());
  if (file.tensors().contains("weights"))
    weights = numbers("weights", DType::F32, float());
  int64_t begin = 0;
  for (size_t n = 0; n < ends.size(); begin = ends[n++]) {
    if (ends[n] < begin || ends[n] > int64_t(ids.size()) || (!learned.empty() && learned.size() != ids.size()) ||
        (!weights.empty() && weights.size() != ends.size()))
      fail(path.string(), ": document ", n + 1, ": expected a place in ", ids.size(), " tokens, found one from ", begin,
           " to ", ends[n]);
    Document document;
    document.ids.assign(ids.begin() + begin, ids.begin() + ends[n]);
    if (!learned.empty())
      document.learned.assign(learned.begin() + begin, learned.begin() + ends[n]);
    document.weight = weights.empty() ? 1 : double(weights[n]);
    if (!document.ids.empty() && !take(document))
      return;
  }
}

/// The document of every line; blank lines are skipped.
static void splitJsonLines(Lines &lines, const std::string &name, const Take &take) {
  std::string line;
  while (lines.next(line)) {
    if (line.find_first_not_of(" \t\r") == line.npos)
      continue;
    Document document = documentOfRow(line, name + ": line " + std::to_string(lines.number));
    if (document.numBytes() != 0 && !take(document))
      return;
  }
}

namespace {

/// An ending that says how a file is compressed.
struct Compression {
  const char *ending;
  std::unique_ptr<Codec> (*codec)();
};

} // namespace

static constexpr Compression compressions[] = {{".xz", xzCodec}, {".gz", gzipCodec}, {".zst", zstdCodec}};

static const Compression *compressionOf(const std::filesystem::path &path) {
  for (const Compression &compression : compressions)
    if (path.extension() == compression.ending)
      return &compression;
  return nullptr;
}

static std::string formatOf(const std::filesystem::path &path) {
  return (compressionOf(path) ? path.stem() : path).extension().string();
}

bool xlstm::isCorpusName(const std::filesystem::path &path) {
  const std::string format = formatOf(path);
  return format == ".txt" || format == ".jsonl" || format == ".safetensors" || path.extension() == ".parquet";
}

void xlstm::forEachDocument(const std::filesystem::path &path, const Take &take, const CorpusLimits &limits) {
  std::string name = path.string();
  if (!isCorpusName(path))
    fail(name,
         ": expected a file that ends in .txt, .jsonl, .safetensors, one of these and .xz, .gz or .zst, or .parquet");
  Take counted = numbering(name, take);
  if (path.extension() == ".parquet")
    return readParquet(path, [&](std::string_view row, uint64_t number) {
      if (row.size() > limits.document)
        fail(name, ": row ", number, ": expected at most ", limits.document, " bytes, found more");
      Document document = documentOfRow(row, name + ": row " + std::to_string(number));
      return document.numBytes() == 0 || counted(document);
    });
  const Compression *compression = compressionOf(path);
  if (formatOf(path) == ".safetensors") // it is mapped
    return splitShard(compression ? mapAll(*openCompressed(path, compression->codec(), limits), path) : MappedFile::open(path),
                      counted);
  Lines lines(compression ? openCompressed(path, compression->codec(), limits) : openBytes(path), name,
              limits.document);
  if (formatOf(path) == ".txt")
    splitText(lines, name, limits.document, counted);
  else
    splitJsonLines(lines, name, counted);
}

std::vector<std::string> xlstm::readDocuments(const std::filesystem::path &path, const CorpusLimits &limits) {
  std::vector<std::string> documents;
  uint64_t bytes = 0;
  auto add = [&](Document &document) {
    bytes += memoryOf(document.numBytes());
    if (document.text.empty())
      fail(document.origin, ": expected a text, found ", document.chat.empty() ? "tokens" : "a conversation");
    if (bytes > limits.memory)
      fail(path.string(), ": expected documents of at most ", limits.memory, " bytes together, found more");
    documents.push_back(std::move(document.text));
    return true;
  };
  forEachDocument(path, add, limits);
  return documents;
}

void xlstm::forEachDocument(const CorpusFiles &files, const Take &take, const CorpusLimits &limits) {
  bool goesOn = true;
  for (const std::filesystem::path &path : files.paths) {
    if (!goesOn)
      return;
    auto one = [&](Document &document) { return goesOn = !files.part.has(document) || take(document); };
    forEachDocument(path, one, limits);
  }
}

bool DocumentPart::has(const Document &document) const {
  double place = isWhole() ? 0 : double(document.hash().high >> 11) * 0x1p-53;
  return begin <= place && place < end;
}

FileHash Document::hash() const {
  Hasher hasher;
  hasher.add(std::as_bytes(std::span(!ids.empty() ? "i" : chat.empty() ? "t" : "c", 1)));
  hasher.add(std::as_bytes(std::span(chat.empty() ? text : chat)));
  hasher.add(std::as_bytes(std::span(ids)));
  return hasher.value();
}
