//===- Safetensors.cpp - read safetensors files ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Safetensors.h"

#include "runtime/Files/SafetensorsFormat.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>
#include <limits>

using namespace xlstm;

uint64_t TensorSpec::numElements() const {
  uint64_t count = 1;
  for (int64_t dim : shape)
    count *= uint64_t(dim);
  return count;
}

std::string xlstm::describe(const TensorSpec &spec) {
  std::string out(safetensorsName(spec.dtype));
  out += " [";
  for (size_t n = 0; n < spec.shape.size(); ++n)
    out += (n ? ", " : "") + std::to_string(spec.shape[n]);
  return out + "]";
}

namespace {

struct Range {
  uint64_t begin, end;
  const std::string *name;
};

/// The checks of one header; `place` opens every message.
class HeaderReader {
public:
  HeaderReader(std::string origin, uint64_t dataSize) : origin(std::move(origin)), dataSize(dataSize) {}

  /// The tensor's spec and its range of bytes in the data.
  std::pair<TensorSpec, Range> readTensor(const std::string &name, const Json &entry) const {
    if (!entry.is_object())
      complain(name, "expected an object, found ", entry.type_name());
    TensorSpec spec;
    spec.name = name;
    std::string type = field(name, entry, "dtype", &Json::is_string).get<std::string>();
    std::optional<DType> dtype = parseSafetensorsName(type);
    if (!dtype)
      complain(name, "dtype ", quote(type), " is not known");
    spec.dtype = *dtype;
    for (const Json &dim : field(name, entry, "shape", &Json::is_array))
      spec.shape.push_back(int64_t(readNumber(name, "shape", dim)));
    const Json &offsets = field(name, entry, "data_offsets", &Json::is_array);
    if (offsets.size() != 2)
      complain(name, "expected 2 data_offsets, found ", offsets.size());
    Range range{readNumber(name, "data_offsets", offsets[0]), readNumber(name, "data_offsets", offsets[1]), nullptr};
    checkRange(spec, range);
    return {std::move(spec), range};
  }

  /// The data is covered whole, each byte by one tensor.
  void checkCover(std::vector<Range> ranges) const {
    std::sort(ranges.begin(), ranges.end(),
              [](const Range &a, const Range &b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
    uint64_t at = 0;
    for (const Range &range : ranges) {
      if (range.begin != at)
        complain(*range.name, range.begin < at ? "overlaps another tensor" : "leaves a hole before it",
                 ": expected it to begin at byte ", at, " of the data, found ", range.begin);
      at = range.end;
    }
    if (at != dataSize)
      fail(origin, ": expected ", at, " bytes of data for the tensors listed, found ", dataSize);
  }

private:
  template <typename... Parts>
  [[noreturn]] void complain(const std::string &name, const Parts &...parts) const {
    fail(origin, ": tensor ", quote(name), ": ", parts...);
  }

  const Json &field(const std::string &name, const Json &entry, const char *key,
                    bool (Json::*isRight)() const noexcept) const {
    auto found = entry.find(key);
    if (found == entry.end())
      complain(name, "has no ", key);
    if (!((*found).*isRight)())
      complain(name, key, " is of the wrong type (", found->type_name(), ")");
    return *found;
  }

  uint64_t readNumber(const std::string &name, const char *key, const Json &value) const {
    if (!value.is_number_unsigned() || value.get<uint64_t>() > uint64_t(std::numeric_limits<int64_t>::max()))
      complain(name, "expected ", key, " of whole numbers from 0 to 2^63-1, found ", quote(value.dump()));
    return value.get<uint64_t>();
  }

  void checkRange(const TensorSpec &spec, const Range &range) const {
    if (range.begin > range.end || range.end > dataSize)
      complain(spec.name, "expected ordered data_offsets inside ", dataSize, " bytes of data, found [", range.begin,
               ", ", range.end, "]");
    uint64_t bytes = sizeOf(spec.dtype);
    for (int64_t dim : spec.shape)
      if (__builtin_mul_overflow(bytes, uint64_t(dim), &bytes))
        complain(spec.name, "the size of ", describe(spec), " overflows");
    if (bytes != range.end - range.begin)
      complain(spec.name, describe(spec), " takes ", bytes, " bytes, its data_offsets give ", range.end - range.begin);
  }

  std::string origin;
  uint64_t dataSize;
};

} // namespace

/// The bytes of the JSON header, whose length is checked.
static std::string_view headerOf(const MappedFile &file) {
  std::string_view text = file.text();
  std::string origin = file.path().string();
  if (text.size() < lengthBytes)
    fail(origin, ": expected a safetensors file, found only ", text.size(), " bytes");
  uint64_t length = 0;
  for (size_t n = 0; n < lengthBytes; ++n)
    length |= uint64_t(uint8_t(text[n])) << (8 * n);
  if (length > maxHeader)
    fail(origin, ": expected a safetensors header of at most ", maxHeader, " bytes, found a length of ", length);
  if (length > text.size() - lengthBytes)
    fail(origin, ": the header's length is ", length, " bytes, the file holds ", text.size() - lengthBytes,
         " after it (cut?)");
  std::string_view header = text.substr(lengthBytes, length);
  if (header.empty() || header[0] != '{')
    fail(origin, ": the safetensors header does not begin with '{'");
  return header;
}

static std::map<std::string, std::string> readMetadata(const Json &entry, const std::string &origin) {
  if (!entry.is_object())
    fail(origin, ": __metadata__ is not an object");
  std::map<std::string, std::string> out;
  for (const auto &[key, value] : entry.items()) {
    if (!value.is_string())
      fail(origin, ": __metadata__: the value of ", quote(key), " is not a string");
    out[key] = value.get<std::string>();
  }
  return out;
}

SafetensorsFile SafetensorsFile::parse(std::shared_ptr<const MappedFile> file) {
  const std::filesystem::path &path = file->path();
  SafetensorsFile result;
  result.file = file;
  std::string_view header = headerOf(*result.file);
  auto data = result.file->bytes().subspan(lengthBytes + header.size());
  Json root = parseJson(header, path.string() + ": header");
  HeaderReader reader(path.string(), data.size());
  std::vector<Range> ranges;
  for (const auto &[name, entry] : root.items()) {
    if (name == "__metadata__") {
      result.meta = readMetadata(entry, path.string());
      continue;
    }
    auto [spec, range] = reader.readTensor(name, entry);
    auto bytes = data.subspan(range.begin, range.end - range.begin);
    auto place = result.entries.emplace(name, StoredTensor{std::move(spec), bytes, result.file}).first;
    ranges.push_back({range.begin, range.end, &place->first});
  }
  reader.checkCover(std::move(ranges));
  return result;
}

const StoredTensor &SafetensorsFile::get(const std::string &name) const {
  auto found = entries.find(name);
  if (found == entries.end())
    fail(path().string(), ": has no tensor ", quote(name));
  return found->second;
}
