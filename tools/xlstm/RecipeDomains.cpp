//===- RecipeDomains.cpp - the corpora of a recipe ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Ranges.h"
#include "RecipeFields.h"

#include "xlstm/Runtime/Files/Documents.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/HubHint.h"
#include "xlstm/Support/Number.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>
#include <cctype>
#include <numeric>

namespace fs = std::filesystem;

namespace xlstm {

std::string checkedName(const std::string &name, const YamlNode &place) {
  bool fine = !name.empty() && std::all_of(name.begin(), name.end(),
                                           [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; });
  if (!fine)
    place.fail("expected a name of letters, digits, '-' and '_', found " + quote(name));
  return name;
}

fs::path existing(const fs::path &folder, const YamlNode &node) {
  fs::path path = (folder / node.asString()).lexically_normal();
  if (std::error_code error; !fs::exists(path, error))
    node.fail("expected an existing file or folder, found nothing at " + path.string() + hubHint(node.asString()));
  return path;
}

using Paths = std::vector<fs::path>;

/// The 2 of `2%`; nothing where it is a path.
static std::optional<double> shareOf(const YamlNode &node) {
  std::string text = node.isScalar() ? node.asString() : "";
  if (!text.ends_with('%'))
    return std::nullopt;
  text.pop_back();
  text.erase(text.find_last_not_of(' ') + 1);
  auto percent = toNumber<double>(text);
  if (percent && !(*percent > 0 && *percent < 100))
    node.fail("expected a share between 0% and 100%, found " + node.asString());
  return percent;
}

/// A file, a folder or a pattern.
static Paths readPath(const YamlNode &node, const fs::path &folder) {
  if (shareOf(node))
    node.fail("expected a path, found " + node.asString() + ", a share, which stands alone behind 'valid' or 'test'");
  if (std::error_code error; toNumber<double>(node.asString()) && !fs::exists(folder / node.asString(), error))
    node.fail("expected a path, or a share such as 2%, found " + node.asString());
  bool isPattern = node.asString().find_first_of("*?[") != std::string::npos;
  fs::path path = isPattern ? (folder / node.asString()).lexically_normal() : existing(folder, node);
  try {
    return findCorpusFiles(path);
  } catch (const Error &error) {
    node.fail(error.what());
  }
}

static Paths withoutTwice(Paths files, const YamlNode &node) {
  Paths sorted = files;
  std::sort(sorted.begin(), sorted.end());
  if (auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end())
    node.fail("expected each file once, found " + twice->string() + " twice");
  return files;
}

/// One or a list of them.
static Paths readFiles(const YamlNode &node, const fs::path &folder) {
  if (!node.isList())
    return readPath(node, folder);
  Paths files;
  for (const YamlNode &item : node.items())
    for (const fs::path &file : readPath(item, folder))
      files.push_back(file);
  if (files.empty())
    node.fail("expected at least one file, found an empty list");
  return withoutTwice(files, node);
}

/// `{path, weight}` or `{path, epochs}`.
static RecipeSource readSource(const YamlNode &node, const fs::path &folder) {
  node.onlyKeys({"path", "weight", "epochs"});
  RecipeSource source;
  source.files = readFiles(node.at("path"), folder);
  auto number = [&](const YamlNode &value) {
    double found = value.asDouble(rangeOf("domains").least, rangeOf("domains").most);
    if (found <= 0)
      value.fail("expected a number above 0, found " + shortest(found));
    return found;
  };
  if (auto weight = node.find("weight"))
    source.weight = number(*weight);
  if (auto epochs = node.find("epochs"))
    source.epochs = number(*epochs);
  if (source.weight && node.find("epochs"))
    node.fail("expected 'weight' or 'epochs', found both");
  return source;
}

/// Plain paths make one source together; each map is one of its own.
static std::vector<RecipeSource> readTrain(const YamlNode &node, const fs::path &folder) {
  std::vector<RecipeSource> sources;
  Paths plain, all;
  for (const YamlNode &item : node.isList() ? node.items() : std::vector<YamlNode>{node}) {
    if (item.isScalar())
      std::ranges::copy(readPath(item, folder), std::back_inserter(plain));
    else
      sources.push_back(readSource(item, folder));
  }
  if (!plain.empty())
    sources.insert(sources.begin(), {{plain}, std::nullopt, 1});
  if (sources.empty())
    node.fail("expected at least one file, found an empty list");
  for (const RecipeSource &source : sources) {
    std::ranges::copy(source.files.paths, std::back_inserter(all));
    if (source.weight.has_value() != sources.front().weight.has_value())
      node.fail("expected a 'weight' for each source or for none, found some without");
  }
  withoutTwice(all, node);
  return sources;
}

/// What is held out: files, or a share of what `train` names. Shares lie at either end of the documents' places, so
/// that another one for the one leaves the other as it is.
static void readHeldOut(const YamlNode &node, const fs::path &folder, RecipeDomain &domain) {
  YamlNode valid = node.at("valid");
  auto test = node.find("test");
  DocumentPart rest;
  Paths all = domain.trainFiles().paths;
  std::optional<double> validShare = shareOf(valid), testShare = test ? shareOf(*test) : std::nullopt;
  rest.begin = validShare.value_or(0) / 100;
  rest.end = (100 - testShare.value_or(0)) / 100;
  if (!(rest.begin < rest.end))
    node.fail("expected shares of 'valid' and 'test' that leave something to train on, found " + valid.asString() +
              " and " + test->asString());
  domain.valid = validShare ? CorpusFiles(all, {0, rest.begin}) : CorpusFiles(readFiles(valid, folder));
  if (test)
    domain.test = testShare ? CorpusFiles(all, {rest.end, 1}) : CorpusFiles(readFiles(*test, folder));
  for (RecipeSource &source : domain.train)
    source.files.part = rest;
}

void readDomains(const YamlNode &node, const fs::path &folder, Recipe &recipe) {
  for (const auto &[name, domain] : node.entries()) {
    domain.onlyKeys({"train", "valid", "test"});
    RecipeDomain result{checkedName(name, domain), readTrain(domain.at("train"), folder), {}, {}};
    readHeldOut(domain, folder, result);
    recipe.domains.push_back(result);
  }
  if (recipe.domains.empty())
    node.fail("expected at least one domain, found none");
}

CorpusFiles RecipeDomain::trainFiles() const {
  Paths all;
  for (const RecipeSource &source : train)
    std::ranges::copy(source.files.paths, std::back_inserter(all));
  return {all, train.front().files.part};
}

Paths RecipeDomain::paths() const {
  Paths all = trainFiles().paths;
  for (const CorpusFiles &files : {valid, test})
    if (files.part.isWhole())
      std::ranges::copy(files.paths, std::back_inserter(all));
  return all;
}

std::vector<double> RecipeDomain::sourceShares(const std::vector<uint64_t> &bytes) const {
  std::vector<double> shares;
  for (size_t n = 0; n < train.size(); ++n)
    shares.push_back(train[n].weight ? *train[n].weight : double(bytes.at(n)) * train[n].epochs);
  double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double &share : shares)
    share /= sum;
  return shares;
}

std::string RecipeDomain::mixText() const {
  std::string text;
  for (const RecipeSource &source : train)
    text += (source.weight ? "weight " + shortest(*source.weight) : "epochs " + shortest(source.epochs)) + ";";
  return text;
}

} // namespace xlstm
