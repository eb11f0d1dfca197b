import { render } from 'preact';

import { App } from './App';
import { startI18n } from './i18n';
import { startPrefs } from './state/prefs';
import { startRouter } from './state/route';
import { begin } from './state/session';
import './styles/index.css';

startPrefs();
startRouter();
void startI18n().then(() => {
  render(<App />, document.getElementById('app')!);
  void begin();
});
