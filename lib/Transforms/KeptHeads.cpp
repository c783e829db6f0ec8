//===- KeptHeads.cpp - query heads that stay attention --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KeptHeads.h"
#include "MixerBuilder.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;

namespace xlstm {

//===----------------------------------------------------------------------===//
// The list
//===----------------------------------------------------------------------===//

/// The text under "keep" of a file.
static FailureOr<std::string> readFile(lm::ModelOp model, StringRef file) {
  auto buffer = llvm::MemoryBuffer::getFile(file, /*IsText=*/true);
  if (!buffer)
    return model.emitError() << "option keep-heads: " << file << ": " << buffer.getError().message();
  llvm::Expected<llvm::json::Value> json = llvm::json::parse((*buffer)->getBuffer());
  if (!json) {
    llvm::consumeError(json.takeError());
    return model.emitError() << "option keep-heads: " << file << ": expected JSON";
  }
  const llvm::json::Object *object = json->getAsObject();
  std::optional<StringRef> keep = object ? object->getString("keep") : std::nullopt;
  if (!keep)
    return model.emitError() << "option keep-heads: " << file << ": expected an object with a string \"keep\"";
  return keep->str();
}

static FailureOr<KeptHeads> parseKeptHeads(lm::ModelOp model, StringRef text) {
  KeptHeads kept;
  auto expected = [&](StringRef found) {
    return model.emitError() << "option keep-heads expects layers with their heads such as 5:2,3;7:0, found '" << found
                             << "'";
  };
  for (StringRef part : llvm::split(text, ';')) {
    auto [layerText, headsText] = part.split(':');
    int64_t layer, head;
    if (layerText.trim().getAsInteger(10, layer))
      return expected(part);
    SmallVector<int64_t> &heads = kept[layer];
    for (StringRef headText : llvm::split(headsText, ',')) {
      if (headText.trim().getAsInteger(10, head))
        return expected(part);
      if (llvm::is_contained(heads, head))
        return model.emitError() << "option keep-heads names head " << head << " of layer " << layer << " twice";
      heads.push_back(head);
    }
    llvm::sort(heads);
  }
  return kept;
}

static LogicalResult checkLayer(lm::ModelOp model, int64_t index, ArrayRef<int64_t> heads) {
  SmallVector<lm::LayerOp> layers = model.getLayers();
  auto found =
      llvm::find_if(layers, [&](lm::LayerOp layer) { return static_cast<int64_t>(layer.getIndex()) == index; });
  if (found == layers.end())
    return model.emitError() << "option keep-heads names layer " << index << ", the model has " << layers.size()
                             << " layers, counted from 0";
  LogicalResult fits = success();
  found->walk([&](lm::AttentionOp attention) {
    int64_t count = cast<RankedTensorType>(attention.getQ().getType()).getDimSize(2);
    if (succeeded(fits) && (heads.front() < 0 || (!ShapedType::isDynamic(count) && heads.back() >= count)))
      fits = model.emitError() << "option keep-heads names head " << (heads.front() < 0 ? heads.front() : heads.back())
                               << " of layer " << index << ", which has " << count << " heads, counted from 0";
  });
  return fits;
}

FailureOr<KeptHeads> readKeptHeads(lm::ModelOp model, StringRef text) {
  std::string list = text.str();
  if (text.ends_with(".json")) {
    FailureOr<std::string> read = readFile(model, text);
    if (failed(read))
      return failure();
    list = *read;
  }
  if (list == "none")
    return KeptHeads();
  FailureOr<KeptHeads> kept = parseKeptHeads(model, list);
  if (failed(kept))
    return failure();
  for (const auto &[layer, heads] : *kept)
    if (failed(checkLayer(model, layer, heads)))
      return failure();
  return kept;
}

//===----------------------------------------------------------------------===//
// The rewrite
//===----------------------------------------------------------------------===//

Value takeHeads(OpBuilder &builder, Location loc, Value x, ArrayRef<int64_t> heads) {
  auto type = cast<RankedTensorType>(x.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape[2] = static_cast<int64_t>(heads.size());
  return builder.create<lm::TakeHeadsOp>(loc, type.clone(shape), x, heads);
}

namespace {

/// Query heads and the key heads that they read, which all serve as many.
struct Grouping {
  SmallVector<int64_t> queries, keys;
};

} // namespace

/// The key heads of `queries` once each, where they serve as many of them; otherwise `padded` or repeated key heads
/// make it so: a cache pays for key heads, so the kept attention computes its groups whole instead.
static Grouping group(ArrayRef<int64_t> queries, int64_t perKey, bool padded) {
  std::map<int64_t, int64_t> counts;
  for (int64_t head : queries)
    ++counts[head / perKey];
  Grouping grouping{SmallVector<int64_t>(queries), {}};
  bool isEven = llvm::all_of(counts, [&](auto &count) { return count.second == counts.begin()->second; });
  if (!isEven && !padded) {
    for (int64_t head : queries)
      grouping.keys.push_back(head / perKey);
    return grouping;
  }
  if (!isEven)
    grouping.queries.clear();
  for (auto [key, count] : counts) {
    grouping.keys.push_back(key);
    for (int64_t i = 0; i < perKey && !isEven; ++i)
      grouping.queries.push_back(key * perKey + i);
  }
  return grouping;
}

static lm::AttentionOp attend(OpBuilder &builder, lm::AttentionOp whole, const Grouping &heads) {
  Location loc = whole.getLoc();
  Value q = takeHeads(builder, loc, whole.getQ(), heads.queries);
  Value k = takeHeads(builder, loc, whole.getK(), heads.keys), v = takeHeads(builder, loc, whole.getV(), heads.keys);
  auto all = cast<RankedTensorType>(whole.getH().getType());
  SmallVector<int64_t> shape(all.getShape());
  shape[2] = static_cast<int64_t>(heads.queries.size());
  return builder.create<lm::AttentionOp>(loc, TypeRange(all.clone(shape)), q, k, v, whole.getDocStart(),
                                         /*pos=*/Value(), /*state=*/ValueRange(), whole.getScaleAttr(),
                                         whole.getWindowAttr(), whole.getSinksAttr(), /*cache=*/UnitAttr());
}

void partAttention(AttentionSite &site, ArrayRef<int64_t> kept) {
  lm::AttentionOp whole = site.attention;
  OpBuilder builder(whole);
  int64_t numHeads = cast<RankedTensorType>(whole.getQ().getType()).getDimSize(2);
  int64_t perKey = numHeads / cast<RankedTensorType>(whole.getK().getType()).getDimSize(2);
  SmallVector<int64_t> rest;
  for (int64_t head = 0; head < numHeads; ++head)
    if (!llvm::is_contained(kept, head))
      rest.push_back(head);
  Grouping keptGroup = group(kept, perKey, /*padded=*/true), restGroup = group(rest, perKey, /*padded=*/false);
  Value keptHeads = attend(builder, whole, keptGroup).getH();
  if (keptGroup.queries.size() != kept.size()) {
    SmallVector<int64_t> places;
    for (int64_t head : kept)
      places.push_back(llvm::find(keptGroup.queries, head) - keptGroup.queries.begin());
    keptHeads = takeHeads(builder, whole.getLoc(), keptHeads, places);
  }
  lm::AttentionOp others = attend(builder, whole, restGroup);
  SmallVector<int64_t> places = rest;
  llvm::append_range(places, kept);
  auto joined = builder.create<lm::JoinHeadsOp>(whole.getLoc(), whole.getH().getType(),
                                                ValueRange{others.getH(), keptHeads}, places);
  whole.getH().replaceAllUsesWith(joined.getResult());
  whole.erase();
  site.attention = others;
  site.q.heads = restGroup.queries;
  site.k.heads = site.v.heads = restGroup.keys;
}

} // namespace xlstm
