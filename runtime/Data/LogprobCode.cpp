//===- LogprobCode.cpp - log-probabilities as DistillKit codes them -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LogprobCode.h"

#include "xlstm/Runtime/Files/Floats.h"
#include "xlstm/Support/Number.h"
#include "xlstm/Support/Yaml.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace xlstm {
namespace {

constexpr int64_t mostOfThem = 1 << 24; // ids, terms, elements

DType readType(const YamlNode &node) {
  std::optional<DType> type = parseTorchName(node.asString());
  if (!type)
    node.fail("expected float16, bfloat16, float32 or float64, found " + node.asString());
  return *type;
}

std::string readTerm(const YamlNode &node) {
  std::string term = node.asString();
  if (term != "sqrt" && term != "exp" && !toNumber<int64_t>(term))
    node.fail("expected a power such as 2, sqrt or exp, found " + term);
  return term;
}

/// What is null in DistillKit's file may as well not be there.
std::vector<YamlNode> itemsOf(const std::optional<YamlNode> &node) {
  return node && node->isList() ? node->items() : std::vector<YamlNode>();
}

double loadNumber(DType type, const uint8_t *from) {
  if (type != DType::F64)
    return loadFloat(type, reinterpret_cast<const std::byte *>(from));
  double value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// Integers of `bits` bits, the high one first.
class BitReader {
public:
  BitReader(const uint8_t *bytes, unsigned bits) : bytes(bytes), bits(bits) {}

  uint64_t next() {
    uint64_t value = 0;
    for (unsigned bit = 0; bit < bits; ++bit, ++at)
      value = value << 1 | (bytes[at / 8] >> (7 - at % 8) & 1);
    return value;
  }

private:
  const uint8_t *bytes;
  unsigned bits;
  size_t at = 0;
};

} // namespace

LogprobCode LogprobCode::read(const std::filesystem::path &config) {
  YamlNode root = YamlNode::load(config);
  root.onlyKeys({"d", "k", "exact_k", "exact_dtype", "polynomial_terms", "term_dtype", "residual_bins",
                 "delta_encoding", "error_diffusion", "normalize_t"});
  LogprobCode code;
  int64_t vocabulary = root.at("d").asInt(1, mostOfThem);
  // As DistillKit rounds: in float32.
  code.idBits = unsigned(std::ceil(std::log2(float(vocabulary))));
  code.count = root.at("k").asInt(1, vocabulary);
  code.exact = root.at("exact_k").asInt(0, code.count);
  if (auto type = root.find("exact_dtype"))
    code.exactType = readType(*type);
  if (auto type = root.find("term_dtype"))
    code.termType = readType(*type);
  for (const YamlNode &term : itemsOf(root.find("polynomial_terms")))
    code.terms.push_back(readTerm(term));
  int64_t approximated = code.count - code.exact, elements = 0;
  for (const YamlNode &bin : itemsOf(root.find("residual_bins"))) {
    bin.onlyKeys({"scale_dtype", "element_bits", "num_elements"});
    code.bins.push_back({readType(bin.at("scale_dtype")), unsigned(bin.at("element_bits").asInt(1, 63)),
                         bin.at("num_elements").asInt(1, mostOfThem)});
    elements += code.bins.back().elements;
  }
  if (elements > approximated)
    root.at("residual_bins").fail("expected at most " + std::to_string(approximated) + " elements (k - exact_k)");
  root.read("delta_encoding", code.deltas);
  root.read("normalize_t", code.normalizes);
  for (int64_t t = 0; t < approximated && !code.terms.empty(); ++t)
    code.table.push_back(code.termsAt(t, approximated));
  return code;
}

std::vector<double> LogprobCode::termsAt(int64_t t, int64_t of) const {
  double place = !normalizes ? double(t) : of > 1 ? double(t) / double(of - 1) : 0;
  std::vector<double> values;
  for (const std::string &term : terms)
    values.push_back(term == "sqrt"  ? std::sqrt(place)
                     : term == "exp" ? std::exp(place)
                                     : std::pow(place, double(*toNumber<int64_t>(term))));
  return values;
}

size_t LogprobCode::bytes() const {
  size_t size = size_t(exact) * sizeOf(exactType) + terms.size() * sizeOf(termType);
  for (const Bin &bin : bins)
    size += bin.bytes();
  return size;
}

void LogprobCode::decode(std::span<const uint8_t> coded, std::span<double> logprobs) const {
  const uint8_t *at = coded.data();
  for (int64_t n = 0; n < exact; ++n, at += sizeOf(exactType))
    logprobs[size_t(n)] = loadNumber(exactType, at);
  std::span<double> rest = logprobs.subspan(size_t(exact));
  std::ranges::fill(rest, 0);
  for (size_t term = 0; term < terms.size(); ++term, at += sizeOf(termType))
    for (size_t t = 0; t < rest.size(); ++t)
      rest[t] += loadNumber(termType, at) * table[t][term];
  for (const Bin &bin : bins) {
    double scale = loadNumber(bin.scale, at), least = -std::ldexp(1.0, int(bin.bits) - 1);
    BitReader elements(at + sizeOf(bin.scale), bin.bits);
    for (int64_t n = 0; n < bin.elements; ++n)
      rest[size_t(n)] += scale * (bin.bits == 1 ? 2 * double(elements.next()) - 1 : double(elements.next()) + least);
    rest = rest.subspan(size_t(bin.elements));
    at += bin.bytes();
  }
  for (size_t n = 1; deltas && n < logprobs.size(); ++n)
    logprobs[n] += logprobs[n - 1];
}

void LogprobCode::decodeIds(std::span<const uint8_t> coded, std::span<int64_t> ids) const {
  BitReader bits(coded.data(), idBits);
  for (int64_t &id : ids)
    id = int64_t(bits.next());
}

} // namespace xlstm
