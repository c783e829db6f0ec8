//===- Serve.cpp - the server, from its options to its end ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Serve/Service.h"
#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Runtime/Files/StandardStreams.h"
#include "xlstm/Support/Quote.h"
#include "xlstm/Support/Within.h"

#include <ctime>
#include <sstream>

namespace xlstm {

static void addLimits(CLI::App &verb, ServeOptions &options) {
  auto count = [&](const char *name, int64_t &value, int64_t least, int64_t most, const char *text, const char *type) {
    verb.add_option(name, value, text)->check(within(least, most))->type_name(type)->capture_default_str();
  };
  constexpr int64_t many = int64_t{1} << 30;
  count("--max-tokens", options.mostTokens, 1, many, "Tokens that an answer may have at most", "N");
  count("--max-body", options.mostBody, 1, 1024, "MiB that a request may have", "MIB");
  count("--max-waiting", options.mostWaiting, 0, 1 << 20,
        "Prompts that may wait for a slot; requests that find more are refused", "N");
  count("--max-clients", options.mostClients, 1, 1 << 16, "Connections at once", "N");
  count("--timeout", options.timeout, 0, many,
        "Seconds that an answer may take, the wait for a slot included; 0: any number", "S");
  count("--client-timeout", options.patience, 1, many,
        "Seconds that a client may take to send a request, to read what is written, or to ask again", "S");
  count("--shutdown-timeout", options.shutdown, 0, many, "Seconds that SIGTERM and ^C leave to answers under way", "S");
}

void addServeOptions(CLI::App &verb, ServeOptions &options) {
  verb.add_option("--host", options.host, "Address to listen at; 0.0.0.0: every one of this machine")
      ->type_name("ADDRESS")
      ->capture_default_str();
  verb.add_option("--port", options.port, "0: any that is free")
      ->check(within(0, 65535))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--parallel", options.slots,
                  "Texts that are read and written at a time, each with a state of its own [4, on a GPU 1]")
      ->check(within(1, 1024))
      ->type_name("N");
  verb.add_option("--cache-memory", options.cacheMegabytes,
                  "MiB for states of prompts that were read before; 0: none is kept")
      ->check(within(int64_t{0}, int64_t{1} << 24))
      ->type_name("MIB")
      ->capture_default_str();
  verb.add_option("--checkpoint", options.checkpoint, "A prompt's state is kept every N tokens, and where it ends")
      ->check(within(int64_t{1}, int64_t{1} << 30))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--name", options.name, "The model's name for clients [its own]")->type_name("NAME");
  verb.add_option("--api-key", options.keys,
                  "Clients have to send one of these as 'Authorization: Bearer KEY'; repeatable; "
                  "other users of the machine see it in the list of processes")
      ->envname("XLSTM_API_KEY")
      ->allow_extra_args(false)
      ->type_name("KEY");
  verb.add_option("--api-key-file", options.keyFile, "File with such keys, one a line")->type_name("FILE");
  verb.add_option("--cors", options.origin,
                  "Pages of this origin, such as https://example.org, may use the server; '*': all")
      ->type_name("ORIGIN");
  verb.add_option("--slot-save-path", options.slotFolder, "Folder for sessions that clients save")->type_name("FOLDER");
  addLimits(verb, options);
  verb.add_flag("--quiet", options.isQuiet, "Write no line for each request");
}

namespace serve {

void Exchange::send(const Json &answer, int status) const { responder->send({status, dump(answer)}); }

const Tokenizer &Service::tokenizer() const {
  if (!model.tokenizer)
    throw ApiError(400, "this model has no tokenizer: it takes token ids, \"prompt\": [1, 2, 3]");
  return *model.tokenizer;
}

std::shared_ptr<const std::vector<std::string>> Service::tokenBytes() const {
  std::call_once(hasBytes, [&] {
    std::vector<std::string> all(static_cast<size_t>(model.vocab));
    for (int32_t id = 0; id < std::min<int64_t>(model.vocab, tokenizer().vocabSize()); ++id)
      if (!tokenizer().isSpecial(id))
        all[static_cast<size_t>(id)] = tokenizer().tokenBytes(id);
    bytes = std::make_shared<const std::vector<std::string>>(std::move(all));
  });
  return bytes;
}

static std::vector<std::string> readKeys(const ServeOptions &options) {
  std::vector<std::string> keys = options.keys;
  if (!options.keyFile.empty()) {
    std::istringstream lines(readGivenFile(options.keyFile));
    for (std::string line; std::getline(lines, line);)
      if (line.erase(line.find_last_not_of(" \t\r") + 1); !line.empty())
        keys.push_back(line);
    if (keys.empty())
      fail(quotePath(options.keyFile), ": expected a key a line, found none");
  }
  for (const std::string &key : keys)
    if (key.empty() || escapeControls(key) != key)
      fail("--api-key: expected keys without control characters");
  return keys;
}

static std::optional<ChatTemplate> readTemplate(const ServedModel &model, bool hasTools) {
  if (model.chat.text.empty() || (hasTools && model.chat.toolText.empty()))
    return std::nullopt;
  return ChatTemplate::parse(model.chat.textFor(hasTools), model.chat.origin);
}

Service::Service(const ServeOptions &options, const ServedModel &model)
    : options(options), model(model), name(options.name.empty() ? model.name : options.name), keys(readKeys(options)),
      chat(readTemplate(model, false)), toolChat(readTemplate(model, true)),
      started(std::time(nullptr)), log{options.isQuiet},
      engine({model.makeSession, model.tokenizer, model.ends, model.piece},
             {options.slots ? options.slots : std::min(4, model.mostSlots), static_cast<size_t>(options.mostWaiting),
              static_cast<uint64_t>(options.cacheMegabytes) << 20, options.checkpoint}) {}

} // namespace serve

void serveModel(const ServeOptions &options, const ServedModel &model) {
  using namespace serve;
  if (options.slots > model.mostSlots)
    fail("--parallel: expected ", model.mostSlots, " at most, as this model is compiled, found ", options.slots);
  if (!options.slotFolder.empty() && !std::filesystem::is_directory(options.slotFolder))
    fail("--slot-save-path: ", quotePath(options.slotFolder), " is no folder");
  Service service(options, model);
  HttpServer server(
      {options.host, options.port, static_cast<size_t>(options.mostClients),
       static_cast<size_t>(options.mostBody) << 20, std::chrono::seconds(options.patience)},
      [&](HttpRequest request, std::shared_ptr<Responder> responder) {
        route(service, std::move(request), std::move(responder));
      },
      [](int status, const std::string &message) { return errorAnswer(status, message); });
  const bool isSix = options.host.find(':') != options.host.npos;
  writeOut("serving '" + escapeControls(service.name) + "' at http://" +
           (isSix ? "[" + options.host + "]" : options.host) + ":" + std::to_string(server.port()) + "\n");
  server.run([&] {
    service.isClosing = true;
    service.engine.close(std::chrono::seconds(options.shutdown));
  });
}

} // namespace xlstm
