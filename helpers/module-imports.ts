import { parseSync } from 'oxc-parser';

/** One module that another imports, as it is written there. */
export interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
}

/** What a module imports, statically or by a literal. For the tests of the code itself. @throws Error when it does not parse */
export function importsOf(file: string, source: string): Import[] {
  const { module, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file} does not parse: ${errors[0]?.message}`);
  const imported = module.staticImports.map(({ moduleRequest, entries }) => ({
    from: moduleRequest.value,
    typeOnly: entries.length > 0 && entries.every((entry) => entry.isType),
  }));
  const exported = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest, isType }) =>
      moduleRequest === null || moduleRequest === undefined ? [] : [{ from: moduleRequest.value, typeOnly: isType }],
    ),
  );
  const dynamic = module.dynamicImports.flatMap(({ moduleRequest }) => {
    const literal = /^(['"`])(.*)\1$/.exec(source.slice(moduleRequest.start, moduleRequest.end))?.[2];
    return literal === undefined ? [] : [{ from: literal, typeOnly: false }];
  });
  return [...imported, ...exported, ...dynamic];
}

/** `@a/b` of `@a/b/c`. */
export function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
