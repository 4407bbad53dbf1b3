// Exit code 0 when the app says that it is well. Plain JavaScript on node:http: it runs often, so it starts fast.
import { get } from 'node:http';

const url = process.env.HEALTH_URL ?? `http://127.0.0.1:${process.env.PORT ?? 3001}/api/health`;
get(url, { timeout: 4000 }, (response) => {
  response.pipe(process.stdout);
  process.exitCode = response.statusCode === 200 ? 0 : 1;
})
  .on('timeout', function () {
    this.destroy(new Error('no answer within 4 s'));
  })
  .on('error', (error) => {
    process.stdout.write(error.message);
    process.exitCode = 1;
  });
