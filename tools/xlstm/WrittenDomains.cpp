//===- WrittenDomains.cpp - the corpora of a recipe that is written -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "WrittenDomains.h"

#include "NamedFiles.h"

#include "xlstm/Runtime/Files/Documents.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Number.h"

#include <algorithm>
#include <cctype>
#include <iterator>

namespace fs = std::filesystem;

namespace xlstm {

std::string quotedPath(const fs::path &path) {
  std::string text = fs::absolute(path).lexically_normal().string(), result = "'";
  for (char c : text)
    result += c == '\'' ? "''" : std::string(1, c);
  return result + "'";
}

static std::string domainName(const std::string &text) {
  std::string name = namedFile(text).name;
  if (text.find('=') == text.npos) // mine/train.jsonl.gz: the folder says more
    name = fs::absolute(text).parent_path().filename().string();
  std::ranges::replace_if(
      name, [](unsigned char c) { return !std::isalnum(c) && c != '-' && c != '_'; }, '-');
  return name.empty() ? "text" : name;
}

static bool isShare(const std::string &text) {
  return text.ends_with('%') && toNumber<double>(std::string_view(text).substr(0, text.size() - 1));
}

static void addHeldOut(std::vector<WrittenDomain> &domains, const std::vector<std::string> &given,
                       std::string WrittenDomain::*split, const std::string &option) {
  auto add = [&](WrittenDomain &domain, const std::string &value) {
    std::string &all = domain.*split;
    if (!all.empty() && (isShare(all) || isShare(value)))
      fail(option, " ", value, ": expected files or one share for domain '", domain.name, "', found it beside ", all);
    all = isShare(value) ? value : (all.empty() ? "[" : all.substr(0, all.size() - 1) + ", ") + quotedPath(value) + "]";
  };
  for (const std::string &text : given) {
    if (isShare(text)) {
      for (WrittenDomain &domain : domains)
        add(domain, text);
      continue;
    }
    auto found = std::ranges::find(domains, domainName(text), &WrittenDomain::name);
    if (found == domains.end())
      fail(option, " ", text, ": expected a domain of --data, found '", domainName(text), "'; write NAME=FILES");
    add(*found, namedFile(text).file.string());
  }
}

std::vector<WrittenDomain> writtenDomains(const std::vector<std::string> &data, const std::vector<std::string> &valid,
                                          const std::vector<std::string> &test) {
  std::vector<WrittenDomain> domains;
  for (const std::string &text : data) {
    std::string name = domainName(text);
    auto found = std::ranges::find(domains, name, &WrittenDomain::name);
    WrittenDomain &domain = found == domains.end() ? domains.emplace_back(WrittenDomain{name, {}, {}, {}, {}}) : *found;
    domain.train += (domain.train.empty() ? "" : ", ") + quotedPath(namedFile(text).file);
    std::ranges::copy(findCorpusFiles(namedFile(text).file), std::back_inserter(domain.files));
  }
  addHeldOut(domains, valid, &WrittenDomain::valid, "--valid");
  addHeldOut(domains, test, &WrittenDomain::test, "--test");
  return domains;
}

/// Bytes of a corpus, read up to `enough`.
static uint64_t bytesUpTo(const CorpusFiles &files, uint64_t enough) {
  uint64_t bytes = 0;
  forEachDocument(files, [&](const Document &document) { return (bytes += document.numBytes()) < enough; });
  return bytes;
}

void chooseShares(std::vector<WrittenDomain> &domains, uint64_t bytes) {
  bool hasTest = std::ranges::any_of(domains, [](const WrittenDomain &domain) { return !domain.test.empty(); });
  std::vector<double> percents = {2, 5, 10, 20};
  size_t chosen = 0;
  for (const WrittenDomain &domain : domains)
    if (domain.valid.empty()) {
      auto least = [&](double percent) {
        uint64_t valid = bytesUpTo({domain.files, {0, percent / 100}}, bytes);
        return hasTest ? valid : std::min(valid, bytesUpTo({domain.files, {(100 - percent) / 100, 1}}, bytes));
      };
      while (chosen + 1 < percents.size() && least(percents[chosen]) < bytes)
        ++chosen;
      if (least(percents[chosen]) == 0)
        fail(nameOf(domain.files), ": expected enough documents to hold some out, found too few; give --valid");
    }
  for (WrittenDomain &domain : domains)
    if (domain.valid.empty()) {
      domain.valid = shortest(percents[chosen]) + "%";
      if (!hasTest)
        domain.test = domain.valid;
    }
}

std::string domainsText(const std::vector<WrittenDomain> &domains) {
  std::string text;
  for (const WrittenDomain &domain : domains) {
    text += "  " + domain.name + ":\n    train: [" + domain.train + "]\n    valid: " + domain.valid + "\n";
    text += domain.test.empty()
                ? "    # test: 2%           # without it the score is on 'valid', which checkpoints were chosen by\n"
                : "    test: " + domain.test + "\n";
  }
  return text + "\n";
}

} // namespace xlstm
