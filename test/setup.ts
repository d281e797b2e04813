// The CloudFormation validator costs two seconds in every test file; the examples' test runs with it, the others without.
process.env.CDK_VALIDATION ??= 'false';
