xlstm_add_unittest(ImportOnnxTests SOURCES OnnxBadTest.cpp OnnxQuantisedTest.cpp OnnxTest.cpp LINK XlstmImportOnnx XlstmImport XlstmPipelines)
xlstm_add_unittest(ImportOnnxGoldenTests SOURCES OnnxGoldenTest.cpp LINK XlstmImportOnnx XlstmPipelines XlstmEvaluate)
xlstm_add_unittest(VerifyRaiseTests SOURCES VerifyRaiseTest.cpp ${CMAKE_SOURCE_DIR}/tools/xlstm/VerifyRaise.cpp
  LINK XlstmImportOnnx XlstmPipelines XlstmEvaluate)
