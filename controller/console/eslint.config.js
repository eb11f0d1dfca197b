import i18next from 'eslint-plugin-i18next';
import hooks from 'eslint-plugin-react-hooks';
import ts from 'typescript-eslint';

export default ts.config(
  { ignores: ['node_modules', 'src/api/schema.gen.ts'] },
  ...ts.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    plugins: { 'react-hooks': hooks, i18next },
    rules: {
      ...hooks.configs.recommended.rules,
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    // What a person sees or hears stands in the catalogue.
    files: ['src/**/*.tsx'],
    rules: {
      'i18next/no-literal-string': [
        'error',
        {
          mode: 'jsx-only',
          'jsx-attributes': { include: ['title', 'label', 'aria-label', 'placeholder', 'alt', 'hint', 'text'] },
          'jsx-components': { exclude: ['Icon'] },
          callees: { exclude: ['t', 'text', 'common', 'word', 'p', 'account'] },
        },
      ],
    },
  },
);
